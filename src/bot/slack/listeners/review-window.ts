import { definite } from '../../../rpc/index.ts';
import { choose, type Review, review, reviewOfRun } from '../../approvals/plans.ts';
import { type Caller, channelOf } from '../../approvals/rules/caller.ts';
import { breakGlassPhrase, confirmationOf, isReasonNeeded } from '../../approvals/rules/confirmation.ts';
import type { Transitions } from '../../approvals/transitions.ts';
import type { SlackPort } from '../../ports/slack.ts';
import type { ModalView } from '../../ports/slack-blocks.ts';
import { runbookText } from '../../wording/runbook-text.ts';
import { sentence } from '../../wording/words.ts';
import { noteModal, reviewModal } from '../cards/review-modal.ts';
import { faultOf } from '../requests/fault.ts';
import { isSlack } from '../send/local-slack.ts';

/** How long a plan that is being made is waited for in an open modal: a diagnosis that looks twice takes half a minute. */
const WAIT_MS = 45_000;
const POLL_MS = 400;

/** A modal whose content may still be on its way. */
export interface ReviewDoor {
  /** Shows the first thing at once; Slack's trigger lives for three seconds. Answers with the view's id. */
  readonly open: (view: ModalView) => Promise<string>;
  readonly update: (viewId: string, view: ModalView) => Promise<void>;
}

export const doorOf = (port: SlackPort, triggerId: string): ReviewDoor => ({
  open: async (view) => (await port.openView(triggerId, view)).viewId,
  update: (viewId, view) => port.updateView(viewId, view),
});

/** "Review fix": the plan at once, or a modal that waits for it. Answers in words when there is nothing to open. */
export async function openReview(
  transitions: Transitions,
  door: ReviewDoor,
  incident: string,
  caller: Caller,
): Promise<{ readonly text?: string; readonly later?: Promise<void> }> {
  const found = await review(transitions, incident, caller);
  if (found.kind === 'refused') {
    return { text: found.answer.text };
  }
  const viewId = await door.open(await reviewViewOf(transitions, found, caller));
  return found.kind === 'making' ? { later: fillIn(transitions, door, viewId, found, caller) } : {};
}

/** Another way was chosen in an open modal: says so at once, then shows the new plan. */
export async function showChoice(
  transitions: Transitions,
  door: Pick<ReviewDoor, 'update'>,
  viewId: string,
  reference: { readonly run: string },
  choice: string,
  caller: Caller,
): Promise<void> {
  await fillWith(door, viewId, async () => {
    const chosen = await choose(transitions, reference, choice, caller);
    return await reviewViewOf(transitions, chosen, caller, { isNew: true });
  });
}

/** Puts a view into an open modal that promises one. A fault stands there in words: nobody waits for what does not come. */
async function fillWith(
  door: Pick<ReviewDoor, 'update'>,
  viewId: string,
  make: () => Promise<ModalView>,
): Promise<void> {
  try {
    await door.update(viewId, await make());
  } catch (error) {
    // Where it is Slack that failed, this fails too; the first error is the one to log.
    await door.update(viewId, noteModal('Review fix', [faultOf(error)])).catch(() => {});
    throw error;
  }
}

/** What somebody sees of a review: the plan, or one sentence about why there is none. */
export async function reviewViewOf(
  transitions: Transitions,
  found: Review,
  caller: Caller,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<ModalView> {
  switch (found.kind) {
    case 'refused':
      return noteModal('Nothing to approve', [sentence(found.answer.text)]);
    case 'making':
      return makingView();
    case 'plan': {
      const { config, clusters, stores } = transitions.context;
      const { people } = config;
      const { run, plan, readOnlyBecause, offersBreakGlass } = found;
      const [approvers, halt] = await Promise.all([
        transitions.people.approvers(),
        stores.halts.find(run.cluster),
      ]);
      const ids = [
        run.requestedBy,
        ...run.votes.map(({ by }) => by),
        ...(halt === undefined ? [] : [halt.by]),
        ...approvers,
      ];
      return reviewModal({
        run,
        plan,
        headline: runbookText(transitions.context.book, run).headline,
        approvalsNeeded: people.approvals[plan.tier],
        selfApproval: people.selfApproval[plan.tier],
        confirmation: confirmationOf(people, run, plan),
        ...(offersBreakGlass ? { glass: breakGlassPhrase(run) } : {}),
        reasonRequired: isReasonNeeded(plan.tier),
        channel: channelOf(caller),
        names: await transitions.people.names([...new Set(ids)]),
        nodes: clusters.get(run.cluster)?.config.settings.nodes.length ?? 0,
        approvers,
        isNew,
        showsChoiceAtOnce: isSlack(config.slack.apiUrl),
        ...definite({ halt, readOnlyBecause }),
      });
    }
  }
}

export const makingView = (): ModalView =>
  noteModal('Review fix', [
    'Looking at the cluster and making the plan. This only reads.',
    'The plan will appear here in a moment; it is also shown in the thread.',
  ]);

/** Waits for the plan and puts it into the open modal. Whoever closed the modal finds it in the thread. */
async function fillIn(
  transitions: Transitions,
  door: ReviewDoor,
  viewId: string,
  making: Extract<Review, { kind: 'making' }>,
  caller: Caller,
): Promise<void> {
  const { stores, clock } = transitions.context;
  const untilMs = clock.now() + WAIT_MS;
  await fillWith(door, viewId, async () => {
    let run = making.run;
    while (run.state === 'diagnosing' && clock.now() < untilMs) {
      await clock.sleep(POLL_MS);
      run = (await stores.runs.get(run.id)) ?? run;
    }
    const found = await reviewOfRun(transitions, run, caller);
    return found.kind === 'making'
      ? noteModal('Review fix', [
          'The diagnosis takes longer. The plan will be in the thread; press Review fix then.',
        ])
      : await reviewViewOf(transitions, found, caller);
  });
}
