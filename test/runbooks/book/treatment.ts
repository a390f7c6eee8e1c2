import type { ActionCall, Outcome } from '../../../src/runbooks/action.ts';
import { book } from '../../../src/runbooks/book/index.ts';
import { advance } from '../../../src/runbooks/engine/advance.ts';
import type { RunInput } from '../../../src/runbooks/engine/common/input.ts';
import { nextOrder } from '../../../src/runbooks/engine/order.ts';
import { startRun } from '../../../src/runbooks/engine/start.ts';
import { limitDefaults } from '../../../src/runbooks/limits.ts';
import type { Answer, Look } from '../../../src/runbooks/look.ts';
import { lookKey } from '../../../src/runbooks/look.ts';
import type { Run } from '../../../src/runbooks/run.ts';
import type { Observation } from '../../../src/runbooks/snapshot/observation.ts';
import { findingOf, NOW } from '../observation.ts';

/** A cluster on paper: what a sweep sees of it, what a look answers, and how an action changes it. */
export interface World {
  readonly observe: () => Observation;
  readonly answer: (look: Look) => Answer;
  readonly act: (call: ActionCall) => Outcome;
}

export interface Treatment {
  readonly run: Run;
  /** Actions that were carried out, in order: `node.stop rabbit@server-45`. */
  readonly acts: readonly string[];
}

const tools = {
  describe: ({ action, args }: ActionCall) => ({
    text: `${action} ${Object.values(args).join(' ')}`,
    tier: 'node' as const,
  }),
  planExpiresMs: 300_000,
  limits: limitDefaults,
  deletedLastHour: 0,
};

const MAX_TURNS = 500;

/** A run from diagnosis to its end as the bot carries it out, with everybody saying yes at once. */
export function treat(id: string, world: World, options: { readonly choice?: string } = {}): Treatment {
  const runbook = book.find((candidate) => candidate.id === id);
  if (!runbook) {
    throw new Error(`no runbook ${id}`);
  }
  const found = findingOf(runbook, world.observe());
  const incident = {
    ...found,
    id: 'INC-1',
    cluster: 'prod-a',
    state: 'open' as const,
    openedAtMs: NOW,
    lastSeenAtMs: NOW,
    cleanSweeps: 0,
    version: 1,
  };
  let run = startRun({ id: 'RUN-1', incident, requestedBy: 'U1', nowMs: NOW });
  let atMs = NOW;
  let hasChosen = options.choice === undefined;
  const acts: string[] = [];
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    // Through storage at every turn: a run must not depend on anything but its value.
    run = JSON.parse(JSON.stringify(run)) as Run;
    const order = nextOrder(runbook, run, atMs);
    if (order === undefined) {
      return { run, acts };
    }
    const give = (input: RunInput): void => {
      run = advance(runbook, run, input, tools);
    };
    switch (order.kind) {
      case 'look': {
        atMs += order.afterMs ?? 100;
        const answered = Object.fromEntries(order.looks.map((look) => [lookKey(look), world.answer(look)]));
        give({ kind: 'looked', now: world.observe(), answered, atMs });
        break;
      }
      case 'wait': {
        if (run.state !== 'proposed' || run.plan === undefined) {
          return { run, acts };
        }
        if (!hasChosen) {
          hasChosen = true;
          give({ kind: 'chose', choice: options.choice ?? '', now: world.observe(), by: 'U1', atMs });
          break;
        }
        const vote = { by: 'U2', planHash: run.plan.hash, reason: 'agreed', atMs };
        give({ kind: 'voted', vote, isEnough: true });
        break;
      }
      case 'act': {
        const planned = run.plan?.items[order.index];
        if (planned?.kind !== 'act') {
          throw new Error('the engine ordered to act on what is no action');
        }
        give({ kind: 'intended', index: order.index, atMs });
        acts.push(`${planned.call.action} ${Object.values(planned.call.args).join(' ')}`);
        atMs += 5_000;
        give({ kind: 'acted', index: order.index, outcome: world.act(planned.call), atMs });
        break;
      }
      case 'settle':
        throw new Error('nothing is interrupted on paper');
    }
  }
  throw new Error(`the run did not end: ${JSON.stringify(run.items)}`);
}

/** How the items of a run ended: `applied Stop RabbitMQ on server-45`. */
export const ledger = ({ plan, items }: Run): readonly string[] =>
  items.map(({ state }, index) => `${state} ${plan?.items[index]?.title ?? ''}`);
