import { definite, reasonOf } from '../../rpc/index.ts';
import type { ActionCall, Outcome, Settled, Tier } from '../action.ts';
import type { LedgerEntry } from '../hosts/common/host.ts';
import type { Deletion } from '../limits.ts';
import type { Verdict } from '../verdict.ts';
import { allActions, type ErasedAction } from './all-actions.ts';
import type { BoundActions } from './bound.ts';
import type { ClusterPorts } from './common/ports.ts';

/** A call that names no known action, or whose arguments the action does not take. */
export class InvalidCall extends Error {
  override readonly name = 'InvalidCall';
}

/** An action with its argument type hidden behind its own parser. */
interface AnyAction {
  readonly tier: Tier;
  readonly timeLimitMs: number;
  readonly with: (args: unknown) => {
    readonly describe: (ports: ClusterPorts) => string;
    readonly deletes?: Deletion;
    readonly precheck: (ports: ClusterPorts) => Promise<Verdict>;
    readonly execute: (ports: ClusterPorts, reason: string) => Promise<Outcome>;
    readonly reconcile: (ports: ClusterPorts) => Promise<Settled>;
  };
}

function entry(action: ErasedAction): readonly [string, AnyAction] {
  const { name, tier, timeLimitMs } = action;
  return [
    name,
    {
      tier,
      timeLimitMs,
      with: (unparsed) => {
        const parsed = action.args.safeParse(unparsed);
        if (!parsed.success) {
          const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
          throw new InvalidCall(`${name} does not take these arguments: ${issues.join('; ')}`);
        }
        const args = parsed.data;
        return {
          describe: (ports) => action.describe(args, ports),
          ...(action.deletes === undefined ? {} : { deletes: action.deletes(args) }),
          precheck: async (ports) => await action.precheck(args, ports),
          execute: async (ports, reason) => await action.execute(args, ports, reason),
          reconcile: async (ports) => await action.reconcile(args, ports),
        };
      },
    },
  ];
}

/** Every action by its name. */
const actions: ReadonlyMap<string, AnyAction> = new Map(allActions.map(entry));

/**
 * The actions with one cluster in hand. `describe` and `timeLimitMs` throw `InvalidCall` for a call that cannot be;
 * the others answer it as a value: a precheck says no, an execution is refused, a reconciliation is unknown.
 * What an action itself throws comes back as no, `unknown` and `unknown`: it may have acted before it threw.
 */
export function bindActions(ports: ClusterPorts): BoundActions {
  return {
    describe: (call) => {
      const { describe, deletes } = bind(call);
      return {
        text: describe(ports),
        tier: find(call).tier,
        ...definite({ deletes }),
      };
    },
    timeLimitMs: (call) => find(call).timeLimitMs,
    precheck: async (call) => {
      try {
        return await bind(call).precheck(ports);
      } catch (error) {
        return { go: false, because: reasonOf(error) };
      }
    },
    execute: async (call, reason, entry) => {
      try {
        return await bind(call).execute(underEntry(ports, entry), reason);
      } catch (error) {
        return { kind: error instanceof InvalidCall ? 'refused' : 'unknown', because: reasonOf(error) };
      }
    },
    reconcile: async (call, entry) => {
      try {
        return await bind(call).reconcile(underEntry(ports, entry));
      } catch (error) {
        return { kind: 'unknown', because: reasonOf(error) };
      }
    },
  };
}

/** Everything that is asked of a host meanwhile carries the entry; no action has to think of it. */
function underEntry(ports: ClusterPorts, entry: LedgerEntry | undefined): ClusterPorts {
  if (entry === undefined) {
    return ports;
  }
  const { hosts } = ports;
  return {
    ...ports,
    hosts: {
      argvOf: (request) => hosts.argvOf(request),
      run: (request, limits) => hosts.run({ ...request, entry }, limits),
      recall: async (request, limits) =>
        (await hosts.recall?.({ ...request, entry }, limits)) ?? {
          kind: 'unknown',
          because: `host ${request.host} has no record of it`,
        },
    },
  };
}

function find(call: ActionCall): AnyAction {
  const action = actions.get(call.action);
  if (action === undefined) {
    throw new InvalidCall(`there is no action ${JSON.stringify(call.action)}`);
  }
  return action;
}

const bind = (call: ActionCall) => find(call).with(call.args);
