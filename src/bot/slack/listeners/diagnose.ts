import type { App, BlockButtonAction } from '@slack/bolt';
import { requestDiagnosis } from '../../approvals/incidents.ts';
import { actionIds } from '../message/ids.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { once } from '../requests/pressed.ts';

/** "Diagnose": read-only, for anybody. */
export function registerDiagnose(app: App, listener: ListenerContext): void {
  app.action<BlockButtonAction>(actionIds.diagnose, async ({ ack, body }) => {
    await ack();
    await once(listener, body, async ({ value, caller }) => {
      const found = await requestDiagnosis(listener.transitions, value, caller);
      if (found.kind === 'refused') {
        return found.answer.text;
      }
      return found.isNew
        ? `${found.run.id} diagnoses it now; it only reads. The result appears in the thread.`
        : `${found.run.id} is running already. The result appears in the thread.`;
    });
  });
}
