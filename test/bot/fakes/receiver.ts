import type { App, Receiver } from '@slack/bolt';

/** A transport that a test drives: the app behind it is the real one. */
export interface FakeReceiver extends Receiver {
  /** Delivers a payload, as Slack does, and answers with what was acknowledged. */
  deliver(body: object): Promise<unknown>;
}

export function fakeReceiver(): FakeReceiver {
  let app: App | undefined;
  return {
    init: (created) => {
      app = created;
    },
    start: async () => undefined,
    stop: async () => undefined,
    async deliver(body) {
      let acknowledged: unknown = 'never';
      await app?.processEvent({
        body,
        ack: async (response) => {
          acknowledged = response;
        },
      });
      return acknowledged;
    },
  };
}

const team = { id: 'T1', domain: 'test' };

/** A pressed button, as Slack sends it. */
export const pressed = (
  user: string,
  channel: string,
  action: { readonly action_id: string; readonly value: string; readonly action_ts?: string },
) => ({
  type: 'block_actions',
  team,
  user: { id: user, team_id: 'T1' },
  channel: { id: channel, name: 'rabbit-alerts' },
  container: { type: 'message', message_ts: '1.2', channel_id: channel },
  message: { type: 'message', ts: '1.2' },
  trigger_id: 'trigger',
  response_url: 'http://127.0.0.1:9/unused',
  actions: [{ type: 'button', block_id: 'b', action_ts: '100.1', ...action }],
});

/** A submitted modal, as Slack sends it. */
export const submitted = (
  user: string,
  view: { readonly callback_id?: string | undefined; readonly private_metadata?: string | undefined },
  values: Readonly<Record<string, object>>,
) => ({
  type: 'view_submission',
  team,
  user: { id: user, team_id: 'T1' },
  view: { id: 'V1', hash: '1795316400.V1', type: 'modal', ...view, state: { values } },
});

/** A chosen radio button in an open modal. */
export const chosen = (
  user: string,
  viewId: string,
  view: { readonly private_metadata?: string | undefined },
  choice: string,
) => ({
  type: 'block_actions',
  team,
  user: { id: user, team_id: 'T1' },
  view: { id: viewId, type: 'modal', ...view },
  trigger_id: 'trigger',
  actions: [
    {
      type: 'radio_buttons',
      action_id: 'approval:choice',
      block_id: 'choice',
      action_ts: '200.1',
      selected_option: { value: choice, text: { type: 'plain_text', text: choice } },
    },
  ],
});

let commandsTyped = 0;

/** A typed command, as Slack sends it: each with a trigger of its own. */
export const typed = (user: string, channel: string, text: string, responseUrl: string) => ({
  command: '/rabbit',
  text,
  user_id: user,
  user_name: user,
  team_id: 'T1',
  team_domain: 'test',
  channel_id: channel,
  channel_name: 'rabbit-alerts',
  response_url: responseUrl,
  trigger_id: `trigger-${++commandsTyped}`,
  api_app_id: 'A1',
  token: 'x',
});

export const homeOpened = (user: string) => ({
  type: 'event_callback',
  team_id: 'T1',
  event_id: 'E1',
  event: { type: 'app_home_opened', user, channel: 'D1', tab: 'home', event_ts: '1.1' },
});
