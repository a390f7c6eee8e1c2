import type { Plan, Run, RunInput, Vote } from '../../../runbooks/index.ts';
import type { PeopleConfig } from '../../config/config.ts';
import type { Principal } from '../../ports/people.ts';
import { actorOf, type Caller } from './caller.ts';
import { castVote, type Tally } from './cast-vote.ts';
import { breakGlassPhrase, confirmationOf, isConfirmed, isReasonNeeded, whatToType } from './confirmation.ts';
import type { Refusal } from './decision.ts';

/** What somebody submitted: for which plan, and what they typed. */
export interface Submission {
  readonly run: string;
  readonly planHash: string;
  readonly typed: string;
  readonly reason: string;
  /** The phrase that lets somebody on call stand for the second vote; nothing typed: an ordinary vote. */
  readonly glass?: string;
}

/** What to correct, by field. */
export interface FieldErrors {
  readonly typed?: string;
  readonly reason?: string;
  readonly glass?: string;
}

/** Everything that one yes is judged by, at one moment. */
export interface VoteCase {
  readonly run: Run;
  /** What has been said about the run's plan so far; absent where it has none. */
  readonly tally?: Tally;
  readonly submission: Submission;
  readonly caller: Caller;
  readonly principal: Principal;
  /** The caller's name, for the thread. */
  readonly name: string;
  readonly people: PeopleConfig;
  readonly nowMs: number;
}

/** What is written down with a counted yes. */
export interface VoteRecord {
  readonly actor: string;
  readonly event: 'run.voted' | 'run.glass_broken';
  readonly text: string;
  readonly people: readonly string[];
  readonly lines?: readonly string[];
  readonly loud?: { readonly text: string; readonly mentions: readonly string[] };
}

/** What a yes comes to: a change of the run with its record, or why there is none. */
export type VoteCommand =
  | {
      readonly kind: 'apply';
      readonly input: RunInput;
      readonly record: (next: Run) => VoteRecord;
    }
  /** Another plan is on the table than the one that was shown. */
  | { readonly kind: 'changed' }
  /** Something was typed wrong, or not at all; `why` is for the audit, and never holds what was typed. */
  | { readonly kind: 'errors'; readonly errors: FieldErrors; readonly why: string }
  /** The plan is not open to votes any more. */
  | { readonly kind: 'late' }
  | { readonly kind: 'refused'; readonly why: Refusal; readonly because: string };

/** One yes for exactly the plan that was shown, by somebody who may approve. Pure: the same case has the same answer. */
export function vote({
  run,
  tally,
  submission,
  caller,
  principal,
  name,
  people,
  nowMs,
}: VoteCase): VoteCommand {
  const { plan } = run;
  if (run.state === 'proposed' && plan !== undefined && plan.hash !== submission.planHash) {
    return { kind: 'changed' };
  }
  const errors = plan === undefined ? undefined : mistakesIn(people, run, plan, submission);
  if (errors !== undefined) {
    return { kind: 'errors', errors, why: wordsOf(errors) };
  }
  if (run.state !== 'proposed' || plan === undefined || tally === undefined || nowMs >= plan.expiresAtMs) {
    return { kind: 'late' };
  }
  const decision = castVote(tally, principal);
  if (!decision.allowed) {
    return { kind: 'refused', why: decision.why, because: decision.because };
  }
  const breakGlass = decision.breakGlass === true;
  const reason = submission.reason.trim();
  const cast: Vote = {
    by: caller.user,
    planHash: plan.hash,
    reason,
    atMs: nowMs,
    ...(breakGlass ? { breakGlass: true } : {}),
  };
  return {
    kind: 'apply',
    input: { kind: 'voted', vote: cast, isEnough: decision.isEnough },
    record: (next) => {
      const count = `${next.votes.length} of ${tally.needed}`;
      const why = reason === '' ? '' : ` “${reason}”`;
      const how = caller.surface.kind === 'terminal' ? ' at the command line' : '';
      return breakGlass
        ? {
            actor: actorOf(caller),
            event: 'run.glass_broken',
            text: `${caller.user} used break-glass${how} to approve, ${count}.${why}`,
            people: [caller.user],
            // Everybody is notified, and the owners are mentioned by name: that is the price of break-glass.
            loud: {
              text: `${name} used break-glass${how} to approve ${run.id} on ${run.cluster} (${count}).${why}`,
              mentions: people.owners,
            },
          }
        : {
            actor: actorOf(caller),
            event: 'run.voted',
            text: `${caller.user} approved${how}, ${count}.${why}`,
            people: [caller.user],
            lines: [`${name} approved${how} (${count}).${why}`],
          };
    },
  };
}

const wordsOf = ({ typed, reason, glass }: FieldErrors): string =>
  [
    ...(typed === undefined ? [] : ['the confirmation was typed wrong']),
    ...(reason === undefined ? [] : ['no reason was given']),
    ...(glass === undefined ? [] : ['the break-glass phrase was typed wrong']),
  ].join(', ');

function mistakesIn(
  people: PeopleConfig,
  run: Run,
  plan: Plan,
  { typed, reason, glass = '' }: Submission,
): FieldErrors | undefined {
  const confirmation = confirmationOf(people, run, plan);
  const isTypedWrong = !isConfirmed(confirmation, typed);
  const isReasonMissing = isReasonNeeded(plan.tier) && reason.trim() === '';
  const isBreakGlassWrong = glass.trim() !== '' && glass.trim() !== breakGlassPhrase(run);
  if (!isTypedWrong && !isReasonMissing && !isBreakGlassWrong) {
    return undefined;
  }
  return {
    ...(isTypedWrong ? { typed: whatToType(confirmation) } : {}),
    ...(isReasonMissing ? { reason: 'Please give a reason; it goes to the audit log.' } : {}),
    ...(isBreakGlassWrong
      ? { glass: `Type exactly: ${breakGlassPhrase(run)}. Or leave it empty for an ordinary vote.` }
      : {}),
  };
}
