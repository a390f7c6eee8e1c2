import type { Plan, Run, Vote } from '../../runbooks/index.ts';
import type { Click } from './answer.ts';
import { ballotOf, type Review, reviewOfRun, standing } from './plans.ts';
import { decide } from './rules/authorize.ts';
import {
  confirmationOf,
  glassPhrase,
  isConfirmed,
  isReasonNeeded,
  whatToType,
} from './rules/confirmation.ts';
import type { Decision } from './rules/decision.ts';
import { type About, actorOf, type Counter } from './transitions.ts';

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
export async function vote(counter: Counter, submission: Submission, click: Click): Promise<Voted> {
  const { context } = counter;
  const run = await context.stores.runs.get(submission.run);
  if (run === undefined) {
    return { kind: 'errors', reason: `I do not know ${submission.run} any more.` };
  }
  const about = { cluster: run.cluster, incident: run.incident, run: run.id };
  const entitled = await counter.allow({ kind: 'review' }, click, about);
  if (!entitled.allowed) {
    return { kind: 'errors', reason: entitled.because };
  }
  if (run.state === 'proposed' && run.plan !== undefined && run.plan.hash !== submission.planHash) {
    await counter.refuse('vote', `it was for another plan, ${submission.planHash}`, click, about);
    return { kind: 'changed', review: await reviewOfRun(counter, run, click) };
  }
  const mistakes = run.plan === undefined ? undefined : mistakesIn(counter, run, run.plan, submission);
  if (mistakes !== undefined) {
    await counter.refuse(
      'vote',
      mistakes.kind === 'errors' ? wordsOf(mistakes) : mistakes.kind,
      click,
      about,
    );
    return mistakes;
  }
  return await cast(counter, submission, click, about);
}

/** What was wrong with what was typed, for the audit; never what was typed. */
const wordsOf = ({ typed, reason, glass }: Extract<Voted, { kind: 'errors' }>): string =>
  [
    ...(typed === undefined ? [] : ['what had to be typed was typed wrong']),
    ...(reason === undefined ? [] : ['no reason was given']),
    ...(glass === undefined ? [] : ['the phrase that breaks the glass was typed wrong']),
  ].join(', ');

async function cast(counter: Counter, submission: Submission, click: Click, about: About): Promise<Voted> {
  const { context, people } = counter;
  const principal = await people.principal(click);
  const names = await people.names([click.user]);
  let isEnough = false;
  let refusal: Extract<Decision, { allowed: false }> | undefined;
  const changed = await counter.changeRun(submission.run, async (run) => {
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
    const ballot = await ballotOf(counter, run, plan, (submission.glass ?? '').trim() !== '');
    const decision = decide({ kind: 'vote', ballot }, principal, { kind: 'command' });
    if (!decision.allowed) {
      refusal = decision;
      return { kind: 'answer', answer: { text: decision.because, refused: true } };
    }
    isEnough = decision.isEnough;
    const breaksGlass = decision.breaksGlass === true;
    const reason = submission.reason.trim();
    const cast: Vote = {
      by: click.user,
      planHash: plan.hash,
      reason,
      atMs: nowMs,
      ...(breaksGlass ? { breakGlass: true } : {}),
    };
    return {
      kind: 'advance',
      input: { kind: 'voted', vote: cast, isEnough },
      story: (next) => {
        const count = `${next.votes.length} of ${ballot.needed}`;
        const why = reason === '' ? '' : ` “${reason}”`;
        const name = names.get(click.user) ?? click.user;
        const how = click.terminal === undefined ? '' : ' at the command line';
        return breaksGlass
          ? {
              actor: actorOf(click),
              event: 'run.glass_broken',
              text: `${click.user} broke the glass${how} to approve, ${count}.${why}`,
              // Everybody is told, and the owners are called by their names: that is the price of it.
              loud: {
                text: `${name} broke the glass${how} to approve ${run.id} on ${run.cluster} (${count}).${why}`,
                mentions: context.config.people.owners,
              },
            }
          : {
              actor: actorOf(click),
              event: 'run.voted',
              text: `${click.user} approved${how}, ${count}.${why}`,
              lines: [`${name} approved${how} (${count}).${why}`],
            };
      },
    };
  });
  switch (changed.kind) {
    case 'answer':
      await counter.refuse('vote', refusal?.why ?? 'not-on-the-table', click, about);
      return refusal?.why === 'not-on-call' || refusal?.why === 'no-glass'
        ? { kind: 'errors', glass: refusal.because }
        : { kind: 'errors', reason: changed.answer.text };
    case 'unchanged':
      await counter.refuse('vote', 'not-on-the-table', click, about);
      return { kind: 'errors', reason: standing(changed.value, context.clock.now()) };
    case 'stored':
      return recorded(counter, changed.value, isEnough);
  }
}

function recorded(counter: Counter, run: Run, isEnough: boolean): Voted {
  const needed = run.plan === undefined ? 0 : counter.context.config.people.approvals[run.plan.tier];
  const votes = run.votes.filter((cast) => cast.planHash === run.plan?.hash).length;
  // The engine may have found the plan expired at this very moment.
  return run.state === 'proposed' || run.state === 'checking'
    ? { kind: 'recorded', run, votes, needed, isEnough }
    : { kind: 'errors', reason: standing(run, counter.context.clock.now()) };
}

function mistakesIn(
  { context }: Counter,
  run: Run,
  plan: Plan,
  { typed, reason, glass = '' }: Submission,
): Voted | undefined {
  const confirmation = confirmationOf(context.config.people, run, plan);
  const isTypedWrong = !isConfirmed(confirmation, typed);
  const isReasonMissing = isReasonNeeded(plan.tier) && reason.trim() === '';
  const isGlassWrong = glass.trim() !== '' && glass.trim() !== glassPhrase(run);
  if (!isTypedWrong && !isReasonMissing && !isGlassWrong) {
    return undefined;
  }
  return {
    kind: 'errors',
    ...(isTypedWrong ? { typed: whatToType(confirmation) } : {}),
    ...(isReasonMissing ? { reason: 'Please give a reason; it goes to the audit log.' } : {}),
    ...(isGlassWrong
      ? { glass: `Type exactly: ${glassPhrase(run)}. Or leave it empty for an ordinary vote.` }
      : {}),
  };
}
