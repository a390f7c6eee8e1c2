import type { Plan, Run, Vote } from '../../runbooks/index.ts';
import type { Caller } from './answer.ts';
import { type Review, reviewOfRun, standing, tallyOf } from './plans.ts';
import { authorize } from './rules/authorize.ts';
import {
  breakGlassPhrase,
  confirmationOf,
  isConfirmed,
  isReasonNeeded,
  whatToType,
} from './rules/confirmation.ts';
import type { Decision } from './rules/decision.ts';
import { type About, actorOf, type Transitions } from './transitions.ts';

/** What somebody submitted: for which plan, and what they typed. */
export interface Submission {
  readonly run: string;
  readonly planHash: string;
  readonly typed: string;
  readonly reason: string;
  /** The phrase that lets somebody on call stand for the second vote; nothing typed: an ordinary vote. */
  readonly glass?: string;
}

export type Voted =
  | {
      readonly kind: 'recorded';
      readonly run: Run;
      readonly votes: number;
      readonly needed: number;
      readonly isEnough: boolean;
    }
  /** What to correct, by field. */
  | { readonly kind: 'errors'; readonly typed?: string; readonly reason?: string; readonly glass?: string }
  /** There is a newer plan than the one that was shown. */
  | { readonly kind: 'changed'; readonly review: Review };

/** One yes for exactly the plan that was shown. It counts once, however often it is sent. */
export async function vote(transitions: Transitions, submission: Submission, caller: Caller): Promise<Voted> {
  const { context } = transitions;
  const run = await context.stores.runs.get(submission.run);
  if (run === undefined) {
    return { kind: 'errors', reason: `I do not know ${submission.run} any more.` };
  }
  const about = { cluster: run.cluster, incident: run.incident, run: run.id };
  const entitled = await transitions.allow({ kind: 'review' }, caller, about);
  if (!entitled.allowed) {
    return { kind: 'errors', reason: entitled.because };
  }
  if (run.state === 'proposed' && run.plan !== undefined && run.plan.hash !== submission.planHash) {
    await transitions.refuse('vote', `it was for another plan, ${submission.planHash}`, caller, about);
    return { kind: 'changed', review: await reviewOfRun(transitions, run, caller) };
  }
  const mistakes = run.plan === undefined ? undefined : mistakesIn(transitions, run, run.plan, submission);
  if (mistakes !== undefined) {
    await transitions.refuse(
      'vote',
      mistakes.kind === 'errors' ? wordsOf(mistakes) : mistakes.kind,
      caller,
      about,
    );
    return mistakes;
  }
  return await cast(transitions, submission, caller, about);
}

/** What was wrong with what was typed, for the audit; never what was typed. */
const wordsOf = ({ typed, reason, glass }: Extract<Voted, { kind: 'errors' }>): string =>
  [
    ...(typed === undefined ? [] : ['what had to be typed was typed wrong']),
    ...(reason === undefined ? [] : ['no reason was given']),
    ...(glass === undefined ? [] : ['the phrase that breaks the glass was typed wrong']),
  ].join(', ');

async function cast(
  transitions: Transitions,
  submission: Submission,
  caller: Caller,
  about: About,
): Promise<Voted> {
  const { context, people } = transitions;
  const principal = await people.principal(caller);
  const names = await people.names([caller.user]);
  let isEnough = false;
  let refusal: Extract<Decision, { allowed: false }> | undefined;
  const changed = await transitions.changeRun(submission.run, async (run) => {
    const nowMs = context.clock.now();
    const plan = run.plan;
    const isOnTheTable =
      run.state === 'proposed' &&
      plan !== undefined &&
      plan.hash === submission.planHash &&
      nowMs < plan.expiresAtMs;
    if (!isOnTheTable) {
      return { kind: 'answer', answer: { text: standing(run, nowMs), refused: true } };
    }
    const tally = await tallyOf(transitions, run, plan, (submission.glass ?? '').trim() !== '');
    const decision = authorize({ kind: 'vote', tally }, principal, { kind: 'command' });
    if (!decision.allowed) {
      refusal = decision;
      return { kind: 'answer', answer: { text: decision.because, refused: true } };
    }
    isEnough = decision.isEnough;
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
      kind: 'advance',
      input: { kind: 'voted', vote: cast, isEnough },
      record: (next) => {
        const count = `${next.votes.length} of ${tally.needed}`;
        const why = reason === '' ? '' : ` “${reason}”`;
        const name = names.get(caller.user) ?? caller.user;
        const how = caller.terminal === undefined ? '' : ' at the command line';
        return breakGlass
          ? {
              actor: actorOf(caller),
              event: 'run.glass_broken',
              text: `${caller.user} broke the glass${how} to approve, ${count}.${why}`,
              // Everybody is told, and the owners are called by their names: that is the price of it.
              loud: {
                text: `${name} broke the glass${how} to approve ${run.id} on ${run.cluster} (${count}).${why}`,
                mentions: context.config.people.owners,
              },
            }
          : {
              actor: actorOf(caller),
              event: 'run.voted',
              text: `${caller.user} approved${how}, ${count}.${why}`,
              lines: [`${name} approved${how} (${count}).${why}`],
            };
      },
    };
  });
  switch (changed.kind) {
    case 'answer':
      await transitions.refuse('vote', refusal?.why ?? 'not-on-the-table', caller, about);
      return refusal?.why === 'not-on-call' || refusal?.why === 'no-glass'
        ? { kind: 'errors', glass: refusal.because }
        : { kind: 'errors', reason: changed.answer.text };
    case 'unchanged':
      await transitions.refuse('vote', 'not-on-the-table', caller, about);
      return { kind: 'errors', reason: standing(changed.value, context.clock.now()) };
    case 'stored':
      return recorded(transitions, changed.value, isEnough);
  }
}

function recorded(transitions: Transitions, run: Run, isEnough: boolean): Voted {
  const needed = run.plan === undefined ? 0 : transitions.context.config.people.approvals[run.plan.tier];
  const votes = run.votes.filter((cast) => cast.planHash === run.plan?.hash).length;
  // The engine may have found the plan expired at this very moment.
  return run.state === 'proposed' || run.state === 'checking'
    ? { kind: 'recorded', run, votes, needed, isEnough }
    : { kind: 'errors', reason: standing(run, transitions.context.clock.now()) };
}

function mistakesIn(
  { context }: Transitions,
  run: Run,
  plan: Plan,
  { typed, reason, glass = '' }: Submission,
): Voted | undefined {
  const confirmation = confirmationOf(context.config.people, run, plan);
  const isTypedWrong = !isConfirmed(confirmation, typed);
  const isReasonMissing = isReasonNeeded(plan.tier) && reason.trim() === '';
  const isBreakGlassWrong = glass.trim() !== '' && glass.trim() !== breakGlassPhrase(run);
  if (!isTypedWrong && !isReasonMissing && !isBreakGlassWrong) {
    return undefined;
  }
  return {
    kind: 'errors',
    ...(isTypedWrong ? { typed: whatToType(confirmation) } : {}),
    ...(isReasonMissing ? { reason: 'Please give a reason; it goes to the audit log.' } : {}),
    ...(isBreakGlassWrong
      ? { glass: `Type exactly: ${breakGlassPhrase(run)}. Or leave it empty for an ordinary vote.` }
      : {}),
  };
}
