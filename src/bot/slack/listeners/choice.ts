import type { App, BlockAction } from '@slack/bolt';
import { readReference } from '../cards/review-reference.ts';
import { actionIds } from '../message/ids.ts';
import { clickOf } from '../requests/click.ts';
import { isFirstDelivery, type Lobby } from '../requests/lobby.ts';
import { makingView, showChoice } from './review-window.ts';

/** Another way was chosen in the open modal: a new plan is made at once. */
export function register(app: App, lobby: Lobby): void {
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
    const isFirst = await isFirstDelivery(lobby, {
      kind: 'click',
      actionTs,
      actionId: action.action_id,
      user: body.user.id,
    });
    if (!isFirst || viewId === undefined || choice === reference.choice) {
      return;
    }
    await lobby.port.updateView(viewId, makingView());
    const door = { update: lobby.port.updateView };
    await showChoice(lobby.counter, door, viewId, reference, choice, clickOf(body, reference.channel));
  });
}
