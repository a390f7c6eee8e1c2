import { definite, reasonOf } from '../../../rpc/index.ts';
import type { HostAnswer } from '../common/host.ts';
import { type AgentFacts, hostFacts } from '../common/host-facts.ts';
import type { OperationTemplates } from '../common/presets.ts';
import { runLocally } from '../local/local.ts';
import { readLocalFile } from '../local/read-file.ts';
import { admit, contentOf } from './admission.ts';
import { type AgentOrder, type AllowList, agentOrderOf } from './allow-list.ts';
import type { Journal } from './journal.ts';
import {
  type AgentMethod,
  type AgentRefusal,
  type AgentReply,
  type AgentRequest,
  type AgentResult,
  isActing,
  signedRequestSchema,
} from './protocol.ts';
import { isSignedBy, sign } from './signature.ts';

/** A file goes into one message. */
const FILE_BYTES = 256 * 1024;

export interface AgentSettings {
  /** The name by which requests are addressed to it. */
  readonly host: string;
  /** Each of them is good for a request; the first signs the answers. */
  readonly keys: readonly [string, ...string[]];
  readonly commands: OperationTemplates;
  readonly allow: AllowList;
  /** Longest time of one command, whatever a request says. */
  readonly commandMs: number;
}

/** What became of a request, for the log. */
export interface Told {
  readonly method: AgentMethod;
  readonly id?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly isRefused: boolean;
  /** The kind of the result, or the code of the refusal. */
  readonly outcome: string;
  readonly because?: string;
}

export interface Agent {
  /** Never rejects: what cannot be done is an answer as well. */
  answer(method: AgentMethod, message: unknown): Promise<AgentReply>;
}

/** The agent itself: everything between a message and its answer. Does what is asked at most once by its id. */
export function openAgent(
  settings: AgentSettings,
  ports: { readonly journal: Journal; readonly now: () => number; readonly tell: (told: Told) => void },
): Agent {
  const { host, keys } = settings;
  const { journal, now, tell } = ports;

  async function resultOf(method: AgentMethod, request: AgentRequest): Promise<AgentResult> {
    const { operation, nonce, id } = request;
    const admission = admit(method, request, { host, nowMs: now(), journal });
    const order: AgentOrder | undefined =
      operation === 'request.outcome' || admission.kind !== 'go'
        ? undefined
        : agentOrderOf(operation, request, {
            name: host,
            allow: settings.allow,
            commands: settings.commands,
          });
    const isToAct = isActing(operation) && order?.kind === 'command';
    try {
      // No await between the question and this: two of the same id must not both find nothing.
      if (isToAct) {
        await journal.intend({ id, nonce, digest: contentOf(request), operation });
      }
      // A refused one is remembered as well: it must not be let in a moment later.
      else if (!journal.isSeen(nonce)) {
        await journal.see(nonce);
      }
    } catch (error) {
      return { kind: 'refused', code: 'no-journal', because: `nothing was done: ${reasonOf(error)}` };
    }
    if (admission.kind === 'refused') {
      return admission;
    }
    if (admission.kind === 'known') {
      return answerOf(admission.entry);
    }
    if (order === undefined) {
      return outcomeOf(id);
    }
    if (order.kind === 'refused') {
      return order;
    }
    const answer = await carryOut(order, Math.min(request.limitMs, settings.commandMs));
    // Done is done: that it could not be written down is no reason to hide it from the caller.
    if (isToAct) {
      await journal.apply(id, answer).catch((error: unknown) => {
        tell({ method, id, isRefused: false, outcome: 'not-written', because: reasonOf(error) });
      });
    }
    return answer;
  }

  async function carryOut(
    order: Exclude<AgentOrder, { kind: 'refused' }>,
    limitMs: number,
  ): Promise<HostAnswer> {
    switch (order.kind) {
      case 'command':
        return await runLocally(order.argv, { timeoutMs: limitMs });
      case 'file':
        return await readLocalFile(order.path, { limitBytes: FILE_BYTES, isLiteral: true });
      case 'facts':
        return { kind: 'done', exitCode: 0, output: JSON.stringify(factsOf()) };
    }
  }

  function factsOf(): AgentFacts {
    const { restart, status, read } = settings.allow;
    return {
      ...hostFacts(),
      clockMs: now(),
      allow: { restart: [...restart], status: [...status], read: [...read] },
      commands: Object.fromEntries(
        Object.entries(settings.commands).map(([operation, words]) => [operation, [...words]]),
      ),
    };
  }

  function outcomeOf(id: string): AgentResult {
    const entry = journal.find(id);
    const { sinceMs } = journal;
    if (entry === undefined) {
      return { kind: 'outcome', state: 'absent', sinceMs };
    }
    return {
      kind: 'outcome',
      state: entry.state,
      sinceMs,
      ...definite({ answer: entry.answer }),
    };
  }

  return {
    async answer(method, message) {
      const parsed = signedRequestSchema.safeParse(message);
      // A stranger is told as little as possible, and nothing is signed.
      if (!parsed.success) {
        return stranger(method, 'malformed', 'the message is not a request to an agent');
      }
      const { request, signature } = parsed.data;
      if (!isSignedBy('request', request, signature, keys)) {
        return stranger(method, 'bad-signature', 'the signature was not made with a key of this agent');
      }
      const result = await resultOf(method, request);
      tell({
        method,
        id: request.id,
        args: request.args,
        isRefused: result.kind === 'refused',
        outcome: result.kind === 'refused' ? result.code : result.kind,
        ...('because' in result && { because: result.because }),
      });
      const answer = {
        version: 1 as const,
        host,
        id: request.id,
        nonce: request.nonce,
        answeredAtMs: now(),
        result,
      };
      return { answer, signature: sign('answer', answer, keys[0]) };
    },
  };

  function stranger(method: AgentMethod, code: AgentRefusal['code'], because: string): AgentRefusal {
    tell({ method, isRefused: true, outcome: code, because });
    return { kind: 'refused', code, because };
  }
}

function answerOf(entry: { readonly state: string; readonly answer?: HostAnswer }): HostAnswer {
  if (entry.answer !== undefined) {
    return entry.answer;
  }
  return entry.state === 'running'
    ? { kind: 'unknown', because: 'it is running right now' }
    : {
        kind: 'unknown',
        because:
          'the agent was interrupted while the command ran; only a check on the host can tell what happened',
      };
}
