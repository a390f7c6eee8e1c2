import { LogLevel, WebClient } from '@slack/web-api';
import type { BotConfig } from '../../config/config.ts';
import { bad, CHECK_LIMIT_MS, type Check, type CheckVerdict, ok, warning } from '../../ports/check-line.ts';

/** The tokens, every channel that is posted to, and every person and group that may approve. Posts nothing. */
export function* slackChecks(config: BotConfig): Iterable<Check> {
  const client = clientOf(config, config.slack.botToken);
  const signedIn = client.auth.test();
  // The line of the token tells a failure; the lines below only wait for it.
  const works = signedIn.then(
    () => true,
    () => false,
  );
  const withToken = (what: string, ask: () => Promise<CheckVerdict>): Check => ({
    what,
    ask: async () => ((await works) ? ask() : warning('not checked, because the bot token does not work')),
  });

  yield {
    what: 'Slack bot token',
    ask: async () => {
      const { user, team } = await signedIn;
      return ok(`signed in as ${user ?? 'a bot'} in ${team ?? 'a workspace'}`);
    },
  };
  const { appToken } = config.slack;
  if (config.slack.mode === 'socket' && appToken !== undefined) {
    yield {
      what: 'Slack app token',
      ask: async () => {
        await clientOf(config, appToken).apps.connections.open({});
        return ok('it can open Socket Mode');
      },
    };
  }
  for (const channel of new Set([
    config.slack.channel,
    ...config.clusters.map((cluster) => cluster.channel),
  ])) {
    yield withToken(`Slack channel ${channel}`, () => checkChannel(client, channel));
  }
  const { approvers, adminApprovers } = config.people;
  if (approvers.length > 0) {
    yield withToken('approvers', () => checkPeople(client, approvers));
  }
  if (adminApprovers.length > 0) {
    yield withToken('administrators', () => checkPeople(client, adminApprovers));
  }
}

const clientOf = (config: BotConfig, token: string): WebClient =>
  new WebClient(token, {
    slackApiUrl: config.slack.apiUrl,
    timeout: CHECK_LIMIT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    // What goes wrong stands in the line of the check.
    logLevel: LogLevel.ERROR,
  });

async function checkChannel(client: WebClient, id: string): Promise<CheckVerdict> {
  try {
    const { channel } = await client.conversations.info({ channel: id });
    const name = `#${channel?.name ?? id}`;
    if (channel?.is_archived === true) {
      return bad(`${name} is archived: the bot cannot post there`);
    }
    return channel?.is_member === false
      ? bad(`the bot is not in ${name}; type /invite @watership there`)
      : ok(`the bot is in ${name}`);
  } catch (error) {
    const code = codeOf(error);
    return code === 'channel_not_found'
      ? bad('there is no such channel, or it is private and the bot is not in it')
      : notLooked(code, error);
  }
}

interface Found {
  /** Who may approve through this id. */
  readonly people: readonly string[];
  /** What is wrong with it. */
  readonly wrong?: string;
}

async function checkPeople(client: WebClient, ids: readonly string[]): Promise<CheckVerdict> {
  try {
    const found = await Promise.all(
      ids.map((id) => (id.startsWith('S') ? membersOf(client, id) : personOf(client, id))),
    );
    const wrong = found.flatMap((each) => each.wrong ?? []);
    const people = [...new Set(found.flatMap((each) => each.people))];
    const count = people.length === 1 ? 'one person' : `${people.length} people`;
    const all = `${count} may approve (${people.join(', ') || 'nobody'})`;
    if (wrong.length === 0) {
      return ok(all);
    }
    return bad(`${wrong.join('; ')}; ${all}`);
  } catch (error) {
    return notLooked(codeOf(error), error);
  }
}

async function personOf(client: WebClient, id: string): Promise<Found> {
  try {
    const { user } = await client.users.info({ user: id });
    if (user?.deleted === true) {
      return { people: [], wrong: `${id} is deactivated` };
    }
    if (user?.is_bot === true) {
      return { people: [], wrong: `${id} is a bot` };
    }
    return { people: [user?.real_name ?? user?.name ?? id] };
  } catch (error) {
    if (codeOf(error) !== 'user_not_found') {
      throw error;
    }
    return { people: [], wrong: `there is no user ${id}` };
  }
}

async function membersOf(client: WebClient, id: string): Promise<Found> {
  try {
    const { users = [] } = await client.usergroups.users.list({ usergroup: id });
    return users.length === 0 ? { people: [], wrong: `the group ${id} is empty` } : { people: users };
  } catch (error) {
    if (codeOf(error) !== 'no_such_subteam') {
      throw error;
    }
    return { people: [], wrong: `there is no user group ${id}` };
  }
}

/** Slack's own code for its no, `channel_not_found`; undefined when it gave no answer. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('data' in error)) {
    return undefined;
  }
  const { data } = error;
  return typeof data === 'object' && data !== null && 'error' in data ? String(data.error) : undefined;
}

/** Slack answered, and did not let us look: that is not known to be wrong. Without an answer the line is bad. */
function notLooked(code: string | undefined, error: unknown): CheckVerdict {
  if (code === undefined) {
    throw error;
  }
  return warning(
    code === 'missing_scope'
      ? 'could not be looked up: the app lacks a scope; compare it with deploy/slack-manifest.yaml'
      : `could not be looked up: Slack says ${code}`,
  );
}
