import { definite } from '../../rpc/index.ts';
import type { Run } from '../../runbooks/index.ts';
import { type Review, reviewOfRun, standing } from './plans.ts';
import type { Caller } from './rules/caller.ts';
import { type FieldErrors, type Submission, type VoteCommand, vote } from './rules/vote.ts';
import { tallyNow } from './tally.ts';
import type { RunChange, Transitions } from './transitions.ts';

/** What a submitted vote came to. */
export type Voted =
  | {
      readonly kind: 'recorded';
      readonly run: Run;
      readonly votes: number;
      readonly needed: number;
      readonly isEnough: boolean;
    }
  | ({ readonly kind: 'errors' } & FieldErrors)
  /** There is a newer plan than the one that was shown. */
  | { readonly kind: 'changed'; readonly review: Review };

/** Counts one yes for exactly the plan that was shown. It counts once, however often it is sent. */
export async function submitVote(
  transitions: Transitions,
  submission: Submission,
  caller: Caller,
): Promise<Voted> {
  const { context, people } = transitions;
  const { config, clock } = context;
  const breakGlass = (submission.glass ?? '').trim() !== '';
  const applied = await transitions.applyToRun<NotCounted>(submission.run, {
    caller,
    permission: () => ({ kind: 'review' }),
    change: async (run, { principal }) => {
      const { plan } = run;
      const [names, tally] = await Promise.all([
        people.names([caller.user]),
        plan && tallyNow({ ...context, people }, run, plan, breakGlass),
      ]);
      const name = names.get(caller.user) ?? caller.user;
      const nowMs = clock.now();
      const command = vote({
        ...{ run, submission, caller, principal, name, nowMs, people: config.people },
        ...definite({ tally }),
      });
      return command.kind === 'apply' ? command : notCounted(command, run, submission, nowMs);
    },
  });
  switch (applied.kind) {
    case 'refused':
      return { kind: 'errors', reason: applied.answer.text };
    case 'answer':
      return applied.answer.kind === 'errors'
        ? applied.answer
        : { kind: 'changed', review: await reviewOfRun(transitions, applied.answer.run, caller) };
    case 'unchanged':
      await transitions.refuse('vote', LATE, caller, { run: applied.run });
      return { kind: 'errors', reason: standing(applied.run, clock.now()) };
    case 'stored':
      return recorded(transitions, applied.run);
  }
}

const LATE = 'not-on-the-table';

type NotCounted = Extract<Voted, { kind: 'errors' }> | { readonly kind: 'changed'; readonly run: Run };

/** What the person reads, and why in the audit. */
function notCounted(
  command: Exclude<VoteCommand, { kind: 'apply' }>,
  run: Run,
  { planHash }: Submission,
  nowMs: number,
): RunChange<NotCounted> {
  const no = (why: string, answer: NotCounted) =>
    ({ kind: 'answer', answer, refusal: { what: 'vote', why } }) as const;
  switch (command.kind) {
    case 'changed':
      return no(`it was for another plan, ${planHash}`, { kind: 'changed', run });
    case 'errors':
      return no(command.why, { kind: 'errors', ...command.errors });
    case 'late':
      return no(LATE, { kind: 'errors', reason: standing(run, nowMs) });
    case 'refused': {
      const { why, because } = command;
      const isOfGlass = why === 'not-on-call' || why === 'no-glass';
      return no(why, { kind: 'errors', ...(isOfGlass ? { glass: because } : { reason: because }) });
    }
  }
}

function recorded({ context }: Transitions, run: Run): Voted {
  const needed = run.plan === undefined ? 0 : context.config.people.approvals[run.plan.tier];
  const votes = run.votes.filter((cast) => cast.planHash === run.plan?.hash).length;
  // The engine may have found the plan expired at this very moment.
  return run.state === 'proposed' || run.state === 'checking'
    ? { kind: 'recorded', run, votes, needed, isEnough: run.state === 'checking' }
    : { kind: 'errors', reason: standing(run, context.clock.now()) };
}
