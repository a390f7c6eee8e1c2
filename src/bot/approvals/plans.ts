import type { Observation, Plan, Run } from '../../runbooks/index.ts';
import { span } from '../wording/words.ts';
import { requestDiagnosis } from './incidents.ts';
import { rightsOf } from './rights.ts';
import { authorize, isBreakGlassOffered } from './rules/authorize.ts';
import type { Caller, CallerAnswer } from './rules/caller.ts';
import type { Tally } from './rules/cast-vote.ts';
import { tallyNow } from './tally.ts';
import type { Transitions } from './transitions.ts';

/** What "Review fix" comes to. */
export type Review =
  | { readonly kind: 'refused'; readonly answer: CallerAnswer }
  | { readonly kind: 'making'; readonly run: Run }
  | {
      readonly kind: 'plan';
      readonly run: Run;
      readonly plan: Plan;
      readonly readOnlyBecause?: string;
      /** Whether break-glass by this person would count for more than their ordinary vote. */
      readonly offersBreakGlass: boolean;
    };

/** The plan on the table, for reading only where they may not approve it; a diagnosis is started where there is none. */
export async function review(transitions: Transitions, id: string, caller: Caller): Promise<Review> {
  const found = await requestDiagnosis(transitions, id, caller);
  if (found.kind === 'refused') {
    return found;
  }
  return await reviewOfRun(transitions, found.run, caller);
}

const READING = 'You can read this plan, but not approve it. Nothing runs until an approver approves it.';

/** How a run stands for somebody who wants to approve it. */
export async function reviewOfRun(transitions: Transitions, run: Run, caller: Caller): Promise<Review> {
  const nowMs = transitions.context.clock.now();
  if (run.state === 'diagnosing') {
    return { kind: 'making', run };
  }
  if (run.state !== 'proposed' || run.plan === undefined || nowMs >= run.plan.expiresAtMs) {
    return { kind: 'refused', answer: { text: standing(run, nowMs), refused: true } };
  }
  const { principal, surfaceAt } = await rightsOf(transitions.context, transitions.people, caller);
  const tally = await tallyOf(transitions, run, run.plan);
  const surface = surfaceAt(run.cluster);
  const ordinary = authorize({ kind: 'vote', tally }, principal, surface);
  const offersBreakGlass = isBreakGlassOffered(tally, principal, surface);
  return {
    kind: 'plan',
    run,
    plan: run.plan,
    offersBreakGlass,
    // Where only break-glass would do, the window still opens; the vote itself says what is missing.
    ...(ordinary.allowed || offersBreakGlass
      ? {}
      : { readOnlyBecause: ordinary.why === 'no-rights' ? READING : ordinary.because }),
  };
}

/** Whether the run ends after the step that is running. */
export const isStopping = ({ state, stopWanted }: Run): boolean =>
  state === 'acting' && stopWanted !== undefined;

/** What became of a run, for somebody who clicks too late or too early. */
export function standing(run: Run, nowMs: number): string {
  const why = run.because === undefined ? '' : ` ${run.because}`;
  const ago = run.endedAtMs === undefined ? '' : ` ${span(nowMs - run.endedAtMs)} ago`;
  switch (run.state) {
    case 'diagnosing':
      return `${run.id} is still being diagnosed. The plan will be in the thread.`;
    case 'proposed':
      return run.plan !== undefined && nowMs >= run.plan.expiresAtMs
        ? `The plan of ${run.id} has expired. Press Review fix for a fresh one. Nothing was done.`
        : `${run.id} waits for approval.`;
    case 'checking':
      return `${run.id} is approved already and is checking once more.`;
    case 'acting':
      return isStopping(run)
        ? `Noted already: ${run.id} stops as soon as the running step is over. No further step starts.`
        : `${run.id} is approved already and is running. Follow the thread.`;
    case 'unknown':
      return `${run.id} is paused: someone must check what happened. See the thread.${why}`;
    case 'done':
      return `${run.id} was done${ago}.${why}`;
    case 'failed':
      return `${run.id} failed${ago}.${why}`;
    case 'stopped':
      return `${run.id} stopped${ago}: there is nothing to approve.${why}`;
    case 'expired':
      return `The plan of ${run.id} expired${ago}. Press Review fix for a fresh one. Nothing was done.`;
    case 'cancelled':
      return `${run.id} was cancelled${ago}.${why}`;
    case 'superseded':
      return `${run.id} was replaced${ago}. Press Review fix for a fresh plan.${why}`;
  }
}

/** The votes for a plan with the roles that the voters have now. */
export const tallyOf = ({ context, people }: Transitions, run: Run, plan: Plan): Promise<Tally> =>
  tallyNow({ ...context, people }, run, plan, false);

/** Another way to go: a new plan with a new hash, and no votes. */
export async function choose(
  transitions: Transitions,
  reference: { readonly run: string },
  choice: string,
  caller: Caller,
): Promise<Review> {
  const { context, people } = transitions;
  let now: Observation | undefined;
  const applied = await transitions.applyToRun<Run>(reference.run, {
    caller,
    permission: () => ({ kind: 'choose' }),
    change: async (run, { cluster }) => {
      if (run.state !== 'proposed') {
        return { kind: 'answer', answer: run, refusal: { what: 'choose', why: 'too-late' } };
      }
      now ??= await cluster.observe('named');
      const name = (await people.names([caller.user])).get(caller.user) ?? caller.user;
      const label = run.choices.find(({ id }) => id === choice)?.label ?? choice;
      return {
        kind: 'apply',
        input: { kind: 'chose', choice, now, by: caller.user, atMs: context.clock.now() },
        record: (next) => {
          const isTaken = next.choice === choice;
          return {
            actor: caller.user,
            event: 'run.chose',
            text: isTaken
              ? `${caller.user} chose: ${label}.`
              : (next.because ?? `"${label}" is not possible.`),
            people: isTaken ? [caller.user] : [],
            lines: isTaken ? [`${name} chose: ${label}. There is a new plan, with no approvals yet.`] : [],
          };
        },
      };
    },
  });
  switch (applied.kind) {
    case 'refused':
      return applied;
    case 'answer':
      return await reviewOfRun(transitions, applied.answer, caller);
    case 'stored':
    case 'unchanged':
      return await reviewOfRun(transitions, applied.run, caller);
  }
}
