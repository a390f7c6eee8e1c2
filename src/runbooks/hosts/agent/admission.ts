import { hashOf } from '../../canonical.ts';
import { utcMoment } from '../../wording/moments.ts';
import { span } from '../../wording/words.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { RefusalCode } from './protocol.ts';
import {
  type AgentMethod,
  type AgentRequest,
  AHEAD_MS,
  agentMethods,
  FRESH_MS,
  isActing,
} from './protocol.ts';

/** Whether a request whose signature is right may go on. */
export type Admission =
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly because: string }
  /** The same request once more: its outcome is in the entry, or is not known. */
  | { readonly kind: 'known'; readonly entry: JournalEntry }
  | { readonly kind: 'go' };

/** What an agent knows when a request comes in. */
export interface AdmissionState {
  readonly host: string;
  readonly nowMs: number;
  readonly journal: Pick<Journal, 'sinceMs' | 'isSeen' | 'find'>;
}

/**
 * Admission of a request: is it for us, new, fresh, and not done before? The order matters: `stale` and what follows are only said of a
 * request that the journal would remember, so that they prove that nothing was done.
 */
export function admit(method: AgentMethod, request: AgentRequest, state: AdmissionState): Admission {
  const { nowMs, journal } = state;
  if (request.host !== state.host) {
    return refuse('other-host', `this agent is on ${state.host}, not on ${request.host}`);
  }
  if (journal.isSeen(request.nonce)) {
    return refuse('replayed', 'this request has already been received');
  }
  if (agentMethods[method] !== request.operation) {
    return refuse('malformed', `${request.operation} was sent to the method ${method}`);
  }
  if (request.signedAtMs < journal.sinceMs + AHEAD_MS) {
    return refuse('no-memory', `it was signed before ${utcMoment(journal.sinceMs + AHEAD_MS)}, ${noMemory}`);
  }
  const late = lateness(request.signedAtMs, nowMs);
  if (late !== undefined) {
    return late;
  }
  return isActing(request.operation) ? admitAct(request, state) : { kind: 'go' };
}

function admitAct(request: AgentRequest, { nowMs, journal }: AdmissionState): Admission {
  const entry = journal.find(request.id);
  if (entry !== undefined) {
    return entry.digest === contentOf(request)
      ? { kind: 'known', entry }
      : refuse('id-reused', `the id ${request.id} belongs to another request`);
  }
  const late = lateness(request.intendedAtMs, nowMs);
  if (late === undefined) {
    return { kind: 'go' };
  }
  return late.code === 'stale'
    ? refuse(
        'too-late',
        `the request was decided ${span(nowMs - request.intendedAtMs)} ago by this host's clock`,
      )
    : late;
}

function lateness(atMs: number, nowMs: number): (Admission & { readonly kind: 'refused' }) | undefined {
  const ageMs = nowMs - atMs;
  if (ageMs > FRESH_MS) {
    return refuse('stale', `the request is ${span(ageMs)} old by this host's clock; ${compare}`);
  }
  if (ageMs < -AHEAD_MS) {
    return refuse('from-the-future', `the request is ${span(-ageMs)} ahead of this host's clock; ${compare}`);
  }
  return undefined;
}

/** What would be done, without when and by which message. */
export const contentOf = ({ operation, args, argv, intendedAtMs }: AgentRequest): string =>
  hashOf({ operation, args, argv, intendedAtMs });

const compare = 'compare the clocks of both machines';
const noMemory = 'and this agent remembers its requests only from then on; ask again';

const refuse = (code: RefusalCode, because: string) => ({ kind: 'refused', code, because }) as const;
