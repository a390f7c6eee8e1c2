import type { App, BlockAction } from '@slack/bolt';
import { readReference } from '../cards/review-reference.ts';
import { actionIds } from '../message/ids.ts';
import { callerOf } from '../requests/click.ts';
import { isFirstDelivery, type ListenerContext } from '../requests/listener-context.ts';
import { makingView, showChoice } from './review-window.ts';

/** Another way was chosen in the open modal: a new plan is made at once. */
export function registerChoice(app: App, listener: ListenerContext): void {
  app.action<BlockAction>(actionIds.choose, async ({ ack, body }) => {
    await ack();
    const action = body.actions[0];
    const choice = action?.type === 'radio_buttons' ? action.selected_option?.value : undefined;
    const reference = readReference(body.view?.private_metadata ?? '');
    const viewId = body.view?.id;
    if (action === undefined || choice === undefined || choice === null || reference === undefined) {
      return;
    }
    const actionTs = 'action_ts' in action ? action.action_ts : '';
    const isFirst = await isFirstDelivery(listener, {
      kind: 'click',
      actionTs,
      actionId: action.action_id,
      user: body.user.id,
    });
    if (!isFirst || viewId === undefined || choice === reference.choice) {
      return;
    }
    await listener.port.updateView(viewId, makingView());
    const door = { update: listener.port.updateView };
    await showChoice(
      listener.transitions,
      door,
      viewId,
      reference,
      choice,
      callerOf(listener, body, reference.channel),
    );
  });
}
