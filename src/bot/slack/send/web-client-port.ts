import {
  type ChatPostMessageArguments,
  type WebAPICallResult,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
} from '@slack/web-api';
import { definite } from '../../../rpc/index.ts';
import type { Clock } from '../../../runbooks/index.ts';
import type { SlackConfig } from '../../config/config.ts';
import type { SlackMessage, SlackPerson, SlackPort } from '../../ports/slack.ts';
import { SlackBusy, SlackRefused, SlackUnreachable } from '../../ports/slack-errors.ts';
import { withFallback } from './fallback.ts';
import { adaptTo } from './local-slack.ts';
import { quietLogger } from './logger.ts';
import { createRateLimiter } from './rate-limiter.ts';

/** Longest time for one call to Slack. The client's own default is to wait for ever. */
const CALL_TIMEOUT_MS = 10_000;
/** How many messages back a lost card is looked for. */
const LOOK_BACK_MESSAGES = 100;
/** A thread is listed from its beginning: all of it is searched, as far as one answer reaches. */
const LOOK_BACK_REPLIES = 999;
/** Slack asks for seconds. What asks for a day (something in between that is broken) must not silence us for one. */
const LONGEST_PAUSE_SECONDS = 300;

/** Options under which a call fails soon and plainly: whoever called owns the retry. */
export const clientOptions = (config: SlackConfig, timeoutMs = CALL_TIMEOUT_MS) => ({
  slackApiUrl: config.apiUrl,
  timeout: timeoutMs,
  rejectRateLimitedCalls: true,
  retryConfig: { retries: 0 },
});

/** The port to a real Slack. A call that has no answer after `timeoutMs` (@default 10000) has failed. */
export function openSlackPort(
  config: SlackConfig,
  clock: Clock,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): SlackPort {
  const client = new WebClient(config.botToken, {
    ...clientOptions(config, timeoutMs),
    logger: quietLogger(),
  });
  const limiter = createRateLimiter(clock);
  const adapt = adaptTo(config.apiUrl);

  const bodyOf = ({ channel, text, blocks, threadTs }: Omit<SlackMessage, 'urgency' | 'broadcast'>) =>
    adapt({
      channel,
      text,
      // Slack's types want mutable arrays.
      ...(blocks === undefined ? {} : { blocks: [...blocks] }),
      ...definite({ thread_ts: threadTs }),
    });

  const postOf = (message: SlackMessage): ChatPostMessageArguments => {
    const body = { ...bodyOf(message), mrkdwn: false, unfurl_links: false, unfurl_media: false };
    return message.threadTs !== undefined && message.broadcast === true
      ? { ...body, thread_ts: message.threadTs, reply_broadcast: true }
      : body;
  };

  return {
    async postMessage(message) {
      const way = { kind: 'post', channel: message.channel } as const;
      return await withFallback(message, (rung) =>
        limiter.run(way, message.urgency ?? 'normal', async () => {
          const answer = await call('chat.postMessage', () => client.chat.postMessage(postOf(rung)));
          return { ts: answer.ts ?? '' };
        }),
      );
    },

    async updateMessage(message) {
      await withFallback(message, (rung) =>
        limiter.run({ kind: 'update', channel: message.channel }, message.urgency ?? 'normal', () =>
          call('chat.update', () =>
            // Without blocks Slack would keep the old ones.
            client.chat.update({ ...bodyOf(rung), ts: message.ts, blocks: adapt([...(rung.blocks ?? [])]) }),
          ),
        ),
      );
    },

    async postEphemeral(message) {
      await withFallback(message, (rung) =>
        limiter.run({ kind: 'whisper' }, 'decision', () =>
          call('chat.postEphemeral', () =>
            client.chat.postEphemeral({ ...bodyOf(rung), user: message.user }),
          ),
        ),
      );
    },

    async openView(triggerId, view) {
      const answer = await call('views.open', () =>
        client.views.open({ trigger_id: triggerId, view: adapt(view) }),
      );
      return { viewId: answer.view?.id ?? '' };
    },

    async updateView(viewId, view) {
      await call('views.update', () => client.views.update({ view_id: viewId, view: adapt(view) }));
    },

    async publishHome(user, view) {
      await call('views.publish', () => client.views.publish({ user_id: user, view: adapt(view) }));
    },

    async workspace() {
      const { team_id, enterprise_id, is_enterprise_install } = await call('auth.test', () =>
        client.auth.test(),
      );
      if (is_enterprise_install === true && enterprise_id !== undefined) {
        return { kind: 'enterprise', enterprise: enterprise_id };
      }
      if (team_id === undefined) {
        throw new SlackUnreachable('auth.test: Slack named no workspace');
      }
      return { kind: 'team', team: team_id };
    },

    async userInfo(user) {
      const answer = await call('users.info', () => client.users.info({ user }));
      return personOf(user, answer.user ?? {});
    },

    async groupMembers(group) {
      const answer = await call('usergroups.users.list', () =>
        client.usergroups.users.list({ usergroup: group }),
      );
      return answer.users ?? [];
    },

    async isShared(channel) {
      const answer = await call('conversations.info', () => client.conversations.info({ channel }));
      return answer.channel?.is_ext_shared === true || answer.channel?.is_pending_ext_shared === true;
    },

    async findMessage(channel, blockIdPrefix, threadTs) {
      const messagesOf = async () =>
        threadTs === undefined
          ? await call('conversations.history', () =>
              client.conversations.history({ channel, limit: LOOK_BACK_MESSAGES }),
            )
          : await call('conversations.replies', () =>
              client.conversations.replies({ channel, ts: threadTs, limit: LOOK_BACK_REPLIES }),
            );
      try {
        const { messages } = await messagesOf();
        return messages?.find((message) =>
          message.blocks?.some((block) => block.block_id?.startsWith(blockIdPrefix) === true),
        )?.ts;
      } catch (error) {
        // Reading history needs a scope that the app may not have; a second card is then the lesser harm.
        if (error instanceof SlackRefused) {
          return undefined;
        }
        throw error;
      }
    },
  };
}

interface UserRow {
  readonly name?: string;
  readonly real_name?: string;
  readonly team_id?: string;
  readonly is_bot?: boolean;
  readonly is_restricted?: boolean;
  readonly is_ultra_restricted?: boolean;
  readonly is_stranger?: boolean;
  readonly deleted?: boolean;
}

function personOf(id: string, row: UserRow): SlackPerson {
  return {
    id,
    name: row.real_name ?? row.name ?? id,
    ...definite({ team: row.team_id }),
    isBot: row.is_bot === true,
    isGuest: row.is_restricted === true || row.is_ultra_restricted === true || row.is_stranger === true,
    isDeleted: row.deleted === true,
  };
}

/** Makes Slack's errors ours, so that nobody else has to know its client. */
async function call<Answer extends WebAPICallResult>(
  method: string,
  send: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send();
  } catch (cause) {
    if (cause instanceof WebAPIRateLimitedError) {
      const seconds = Math.min(Math.max(1, cause.retryAfter), LONGEST_PAUSE_SECONDS);
      throw new SlackBusy(method, seconds * 1_000, { cause });
    }
    if (cause instanceof WebAPIPlatformError) {
      throw new SlackRefused(method, cause.data.error, { cause });
    }
    const why = cause instanceof WebAPIHTTPError ? `HTTP ${cause.statusCode}` : 'no usable answer';
    throw new SlackUnreachable(`${method}: ${why} from Slack`, { cause });
  }
}
