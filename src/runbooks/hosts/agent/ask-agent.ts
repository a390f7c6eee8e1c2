import { randomBytes, randomUUID } from 'node:crypto';
import { definite } from '../../../rpc/index.ts';
import type { Clock } from '../../clock.ts';
import type { HostAnswer, HostLimits, HostMemory, HostRequest, LedgerEntry } from '../common/host.ts';
import {
  type AgentOperation,
  type AgentRequest,
  type AgentResult,
  AHEAD_MS,
  FRESH_MS,
  isActing,
  isProofOfNothing,
  methodOf,
  replySchema,
} from './protocol.ts';
import { isSignedBy, sign } from './signature.ts';

/** Result of one message to an agent. `not-sent` is certain; after `no-answer` it is not known whether it was received. */
export type Carried =
  | { readonly kind: 'answered'; readonly reply: unknown }
  | { readonly kind: 'not-sent'; readonly because: string }
  | { readonly kind: 'no-answer'; readonly because: string };

/** The way to the agents: the bot's messaging core. Never rejects. */
export interface AgentPort {
  call(
    host: string,
    method: string,
    args: Readonly<Record<string, unknown>>,
    limits: HostLimits,
  ): Promise<Carried>;
  readonly clock: Clock;
}

/** One agent, as the bot knows it. */
export interface KnownAgent {
  readonly host: string;
  /** The first signs; an answer may be signed by each. */
  readonly keys: readonly [string, ...string[]];
}

/** What is asked of it. */
export interface AgentQuestion extends Pick<HostRequest, 'args' | 'entry'> {
  readonly operation: AgentOperation;
  /** The command that people approved. */
  readonly argv?: readonly string[];
}

const BETWEEN_LOOKS_MS = 1_000;
/** Of the time for asking what became of a request, and of the time for the answer after the command has ended. */
const SHARE = 0.25;
const LONGEST_SHARE_MS = 4_000;
/** Looks without a word from the agent itself: it does not answer, or somebody else does. */
const MOST_SILENT_LOOKS = 3;

/** Asks an agent to do something. After silence it is asked what became of it, until the time is over. */
export async function askAgent(
  port: AgentPort,
  agent: KnownAgent,
  asked: AgentQuestion,
  { timeoutMs, signal }: HostLimits,
): Promise<HostAnswer> {
  const nowMs = port.clock.now();
  const entry = entryOf(asked, nowMs);
  const callMs = timeoutMs - Math.min(LONGEST_SHARE_MS, timeoutMs * SHARE);
  const limitMs = Math.max(1, Math.round(callMs - Math.min(LONGEST_SHARE_MS, callMs * SHARE)));
  const { operation, args, argv } = asked;
  const content = { operation, args, ...(argv !== undefined && { argv: [...argv] }), limitMs };
  const heard = await exchange(port, agent, content, entry, withSignal(callMs, signal));
  switch (heard.kind) {
    case 'not-sent':
      return { kind: 'not-started', because: heard.because };
    case 'result':
      if (heard.result.kind !== 'refused' && heard.result.kind !== 'outcome') {
        return heard.result;
      }
      if (heard.result.kind === 'refused' && isProofOfNothing(heard.result.code)) {
        return {
          kind: 'not-started',
          because: `the agent on ${agent.host} refused: ${heard.result.because}`,
        };
      }
      break;
    case 'nothing':
      break;
  }
  const because = `${operation} was sent to the agent on ${agent.host}: ${becauseOf(heard)}`;
  if (!isActing(operation)) {
    return { kind: 'unknown', because };
  }
  return await lookUntil(port, agent, entry, { because, deadlineMs: nowMs + timeoutMs, signal });
}

async function lookUntil(
  port: AgentPort,
  agent: KnownAgent,
  entry: LedgerEntry,
  {
    because,
    deadlineMs,
    signal,
  }: { readonly because: string; readonly deadlineMs: number; readonly signal: AbortSignal | undefined },
): Promise<HostAnswer> {
  for (let silent = 0; ; ) {
    const leftMs = deadlineMs - port.clock.now();
    if (leftMs <= 0 || silent >= MOST_SILENT_LOOKS || signal?.aborted) {
      return { kind: 'unknown', because };
    }
    const look = await ask(port, agent, entry, withSignal(Math.min(LONGEST_SHARE_MS, leftMs), signal));
    if (look.memory.kind === 'answered') {
      return look.memory.answer;
    }
    if (look.memory.kind === 'never') {
      return { kind: 'not-started', because: look.memory.because };
    }
    if (look.isFinal) {
      return { kind: 'unknown', because: look.memory.because };
    }
    silent = look.isSilent ? silent + 1 : 0;
    await port.clock.sleep(Math.min(BETWEEN_LOOKS_MS, Math.max(0, leftMs)), signal).catch(() => {});
  }
}

/** Asks an agent what became of an earlier request. It only reads its journal. */
export async function recallFromAgent(
  port: AgentPort,
  agent: KnownAgent,
  { operation, entry }: AgentQuestion,
  limits: HostLimits,
): Promise<HostMemory> {
  if (entry === undefined || !isActing(operation)) {
    return { kind: 'unknown', because: `${operation} has no ledger entry` };
  }
  return (await ask(port, agent, { ...entry, id: requestId(entry, operation) }, limits)).memory;
}

interface Recalled {
  readonly memory: HostMemory;
  /** Asking again would bring the same. */
  readonly isFinal: boolean;
  /** The agent itself said nothing. */
  readonly isSilent: boolean;
}

async function ask(
  port: AgentPort,
  agent: KnownAgent,
  entry: LedgerEntry,
  limits: HostLimits,
): Promise<Recalled> {
  const content = { operation: 'request.outcome', args: {}, limitMs: 1_000 } as const;
  const heard = await exchange(port, agent, content, entry, limits);
  const unknown = (because: string, more: Partial<Recalled> = {}): Recalled => ({
    memory: { kind: 'unknown', because },
    isFinal: false,
    isSilent: false,
    ...more,
  });
  if (heard.kind !== 'result' || heard.result.kind !== 'outcome') {
    return unknown(`the agent on ${agent.host}: ${becauseOf(heard)}`, { isSilent: true });
  }
  const { state, answer, sinceMs } = heard.result;
  switch (state) {
    case 'answered':
      return answer === undefined
        ? unknown(`the agent on ${agent.host} has an answer but did not send it`)
        : { memory: { kind: 'answered', answer }, isFinal: true, isSilent: false };
    case 'running':
      return unknown(`the agent on ${agent.host} is still running it`);
    case 'interrupted':
      return unknown(`the agent on ${agent.host} was interrupted while it ran the command`, {
        isFinal: true,
      });
    case 'absent': {
      // Both by the agent's clock, which is the one that judges lateness.
      const isTooLateNow = heard.answeredAtMs - entry.intendedAtMs > FRESH_MS;
      const isRemembered = entry.intendedAtMs >= sinceMs + AHEAD_MS;
      if (!isRemembered) {
        return unknown(`the journal of the agent on ${agent.host} does not reach back that far`, {
          isFinal: true,
        });
      }
      return isTooLateNow
        ? {
            memory: { kind: 'never', because: `the request never reached the agent on ${agent.host}` },
            isFinal: true,
            isSilent: false,
          }
        : unknown(`the request has not reached the agent on ${agent.host} yet`);
    }
  }
}

type Heard =
  | { readonly kind: 'result'; readonly result: AgentResult; readonly answeredAtMs: number }
  | { readonly kind: 'not-sent'; readonly because: string }
  | { readonly kind: 'nothing'; readonly because: string };

/** One signed message, and the answer if it is really the agent's. */
async function exchange(
  port: AgentPort,
  agent: KnownAgent,
  content: Pick<AgentRequest, 'operation' | 'args' | 'argv' | 'limitMs'>,
  entry: LedgerEntry,
  limits: HostLimits,
): Promise<Heard> {
  const request: AgentRequest = {
    version: 1,
    host: agent.host,
    ...content,
    id: entry.id,
    intendedAtMs: entry.intendedAtMs,
    signedAtMs: port.clock.now(),
    nonce: randomBytes(16).toString('hex'),
  };
  const message = { request, signature: sign('request', request, agent.keys[0]) };
  const carried = await port.call(agent.host, methodOf(content.operation), message, limits);
  switch (carried.kind) {
    case 'not-sent':
      return carried;
    case 'no-answer':
      return { kind: 'nothing', because: carried.because };
    case 'answered':
      return read(carried.reply, request, agent);
  }
}

function read(unread: unknown, request: AgentRequest, agent: KnownAgent): Heard {
  const reply = replySchema.safeParse(unread).data;
  if (reply === undefined) {
    return { kind: 'nothing', because: 'the answer does not have the form of an agent answer' };
  }
  // Anybody can send that. It is told, and proves nothing.
  if ('kind' in reply) {
    return { kind: 'nothing', because: `a refusal without a signature: ${reply.because}` };
  }
  const { answer, signature } = reply;
  if (!isSignedBy('answer', answer, signature, agent.keys)) {
    return { kind: 'nothing', because: 'the answer is not signed with a key of this agent' };
  }
  const isOurs = answer.host === request.host && answer.id === request.id && answer.nonce === request.nonce;
  if (!isOurs) {
    return { kind: 'nothing', because: 'the answer belongs to another request' };
  }
  return { kind: 'result', result: answer.result, answeredAtMs: answer.answeredAtMs };
}

const becauseOf = (heard: Heard): string =>
  heard.kind !== 'result'
    ? heard.because
    : 'because' in heard.result
      ? `it answered: ${heard.result.because}`
      : 'it answered another question';

/** What only looks has no line in the ledger. */
function entryOf({ operation, entry }: AgentQuestion, nowMs: number): LedgerEntry {
  return entry === undefined
    ? { id: randomUUID(), intendedAtMs: nowMs }
    : { ...entry, id: requestId(entry, operation) };
}

/** One line of the ledger may take several operations of a host; each of them once. */
const requestId = ({ id }: LedgerEntry, operation: AgentOperation): string => `${id}/${operation}`;

const withSignal = (timeoutMs: number, signal: AbortSignal | undefined): HostLimits => ({
  timeoutMs,
  ...definite({ signal }),
});
