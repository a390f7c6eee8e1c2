import type { App, ViewOutput, ViewSubmitAction } from '@slack/bolt';
import type { Caller } from '../../approvals/rules/caller.ts';
import { submitVote, type Voted } from '../../approvals/submit-vote.ts';
import { NotReplicated } from '../../stores/connection/replicas.ts';
import { noteModal } from '../cards/review-modal.ts';
import { type ReviewReference, readReference } from '../cards/review-reference.ts';
import { approvalCallback, approvalFields } from '../message/ids.ts';
import { callerOf } from '../requests/click.ts';
import type { SlackDelivery } from '../requests/delivery.ts';
import { faultOf } from '../requests/fault.ts';
import { forgetDelivery, isFirstDelivery, type ListenerContext } from '../requests/listener-context.ts';
import { SECOND_TIME, standingOf } from '../requests/since.ts';
import { makingView, reviewViewOf, showChoice } from './review-window.ts';

/** A submitted approval. Everything that decides is asked within Slack's three seconds; all work is the runner's. */
export function registerApproval(app: App, listener: ListenerContext): void {
  app.view<ViewSubmitAction>(approvalCallback, async ({ ack, body, view }) => {
    const reference = readReference(view.private_metadata);
    if (reference === undefined) {
      await ack({
        response_action: 'update',
        view: noteModal('Nothing to approve', [
          'This window is from an older version. Please open it again.',
        ]),
      });
      return;
    }
    const caller = callerOf(listener, body, reference.channel);
    const choice = anotherChoice(view, reference);
    if (choice !== undefined) {
      await ack({ response_action: 'update', view: makingView() });
      const door = { update: listener.port.updateView };
      listener.later(
        'a new plan in its modal',
        showChoice(listener.transitions, door, view.id, reference, choice, caller),
      );
      return;
    }
    const delivery = { kind: 'view', viewId: view.id, hash: view.hash, user: caller.user } as const;
    const answered = async () => {
      if (!(await isFirstDelivery(listener, delivery))) {
        return await secondResponse(listener, reference, caller);
      }
      const response = await responseTo(listener, view, reference, caller);
      if (response.response_action === 'errors') {
        // Nothing was counted, and the same window comes back corrected.
        await forgetDelivery(listener, delivery);
      }
      return response;
    };
    const response = await answered().catch(async (error: unknown) => {
      await letTryAgain(listener, delivery, error);
      await ack({ response_action: 'errors', errors: { [approvalFields.reason.block]: faultOf(error) } });
      throw error;
    });
    await ack(listener.adapt(response));
  });
}

/**
 * After a fault of ours the same window may be submitted again, as it says: a vote that was stored all the same is then answered as
 * counted. One that is stored and not copied yet must not be given twice.
 */
async function letTryAgain(
  listener: ListenerContext,
  delivery: SlackDelivery,
  error: unknown,
): Promise<void> {
  if (error instanceof NotReplicated) {
    return;
  }
  await forgetDelivery(listener, delivery).catch((err: unknown) =>
    listener.transitions.context.log.warn({ err }, 'A failed vote cannot be repeated in its window'),
  );
}

async function responseTo(
  listener: ListenerContext,
  view: ViewOutput,
  reference: ReviewReference,
  caller: Caller,
) {
  const { typed, count, reason, glass } = approvalFields;
  const voted = await submitVote(
    listener.transitions,
    {
      run: reference.run,
      planHash: reference.planHash,
      typed: typedIn(view, typed) || typedIn(view, count),
      glass: typedIn(view, glass),
      reason: typedIn(view, reason),
    },
    caller,
  );
  switch (voted.kind) {
    case 'errors':
      return {
        response_action: 'errors' as const,
        errors: {
          // Slack shows an error only beside a field that the window has.
          ...(voted.typed === undefined
            ? {}
            : { [hasField(view, count) ? count.block : typed.block]: voted.typed }),
          ...(voted.glass === undefined
            ? {}
            : { [hasField(view, glass) ? glass.block : reason.block]: voted.glass }),
          ...(voted.reason === undefined ? {} : { [reason.block]: voted.reason }),
        },
      };
    case 'changed':
      return {
        response_action: 'update' as const,
        view: await reviewViewOf(listener.transitions, voted.review, caller, { isNew: true }),
      };
    case 'recorded':
      return {
        response_action: 'update' as const,
        view: noteModal('Recorded', await recordedLines(listener, voted)),
      };
  }
}

/**
 * The first delivery's answer may never have arrived: this one says how the run stands. A vote that Redis lost or never got, and that could
 * not be let in again because Redis was away, must not be taken for a counted one.
 */
async function secondResponse(
  { transitions }: ListenerContext,
  { run: id, planHash }: ReviewReference,
  { user }: Caller,
) {
  const standing = await standingOf(transitions, id);
  const run = await transitions.context.stores.runs.get(id);
  const isCounted = run?.votes.some((vote) => vote.by === user && vote.planHash === planHash) === true;
  return {
    response_action: 'update' as const,
    view: isCounted
      ? noteModal('Counted once', [SECOND_TIME, standing])
      : noteModal('Not counted so far', [
          SECOND_TIME,
          standing,
          ...(run?.state === 'proposed' ? [AGAIN] : []),
        ]),
  };
}

const AGAIN = 'Your approval is not among those counted so far. Press Review fix again to give it.';

async function recordedLines(
  { transitions }: ListenerContext,
  { run, votes, needed, isEnough }: Extract<Voted, { kind: 'recorded' }>,
): Promise<string[]> {
  const count = `Recorded. ${votes} of ${needed} approvals.`;
  if (isEnough && (await transitions.context.stores.halts.isHalted(run.cluster))) {
    return [count, `Repairs are halted: ${run.id} waits. An approver can resume with /rabbit resume.`];
  }
  return isEnough
    ? [count, `${run.id} checks once more on fresh data and then starts. Follow the thread.`]
    : [count, 'Somebody else must approve the same plan before it runs.'];
}

const typedIn = (
  view: ViewOutput,
  { block, action }: { readonly block: string; readonly action: string },
): string => view.state.values[block]?.[action]?.value ?? '';

const hasField = (view: ViewOutput, { block }: { readonly block: string }): boolean =>
  view.state.values[block] !== undefined;

/** The way that was chosen, if it is another than the one that the shown plan takes. */
function anotherChoice(view: ViewOutput, { choice: shown }: ReviewReference): string | undefined {
  const { block, action } = approvalFields.choice;
  const chosen = view.state.values[block]?.[action]?.selected_option?.value;
  return chosen === undefined || chosen === shown ? undefined : chosen;
}
