import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { limitDefaults, presetNames } from '../../runbooks/index.ts';
import { duration, oneOf, port, text, transportUrl, wholeNumber, yesOrNo } from './fields.ts';
import { hostSchema } from './host-schema.ts';

/*
 * The configuration file as people write it. Every `error` text finishes the sentence "expected …".
 * `deploy/watership.schema.json` is printed from this schema.
 */

const url = (schemes: readonly string[], example: string) => {
  const expected = `a URL such as ${example}`;
  return text(expected).refine((value) => hasScheme(value, schemes), { error: expected });
};

/** An address that is shown to people and stands in logs: who signs in is said beside it. */
const address = (schemes: readonly string[], example: string) =>
  url(schemes, example).refine((value) => !hasScheme(value, schemes) || !hasUser(value), {
    error: `a URL without a user and a password in it, such as ${example}`,
  });

function hasUser(value: string): boolean {
  const { username, password } = new URL(value);
  return username !== '' || password !== '';
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  return URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1));
}

const regularExpression = (example: string) => {
  const expected = `a regular expression such as ${example}`;
  return text(expected).refine(compiles, { error: expected });
};

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

const channel = text('a channel id such as C0ALERTS').regex(/^[A-Z][A-Z0-9_]+$/, {
  error: 'a channel id such as C0ALERTS (Slack shows it at the end of the channel details), not its name',
});
const personOrGroup = text('a Slack user id (U…) or user group id (S…)').regex(/^[UWS][A-Z0-9_]+$/, {
  error: 'a Slack user id (U…) or user group id (S…), not a name',
});
const name = text('a name of letters, digits, ".", "_" and "-"').regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: 'a name of letters, digits, ".", "_" and "-"',
});

const slack = z.strictObject({
  mode: oneOf(['socket', 'http']).default('socket'),
  botToken: text('the bot token of the Slack app (xoxb-…)'),
  appToken: text('the app-level token of the Slack app (xapp-…)').optional(),
  signingSecret: z
    .union([text('the signing secret'), z.array(text('a signing secret')).min(1).max(2)], {
      error: 'the signing secret of the Slack app, or a list of the new one and the old one',
    })
    .optional(),
  port: port.optional(),
  channel,
  apiUrl: address(['https', 'http'], 'https://slack.com/api/').default('https://slack.com/api/'),
});

const redis = z.strictObject({
  url: url(['redis', 'rediss'], 'redis://127.0.0.1:6379/0').optional(),
  sentinels: z
    .array(z.strictObject({ host: text('an address'), port: port.default(26_379) }), {
      error: 'a list of sentinels, { host: 10.3.0.44, port: 26379 }',
    })
    .min(1, { error: 'at least one sentinel' })
    .optional(),
  name: text('what the sentinels call the master, such as mymaster').optional(),
  database: wholeNumber(0, 1_000).optional(),
  username: text('the user of Redis').optional(),
  password: text('the password of Redis').optional(),
  sentinelPassword: text('the password of the sentinels').optional(),
  tls: yesOrNo.optional(),
  copies: wholeNumber(0, 10).optional(),
  prefix: name.default('watership'),
});

const node = z.strictObject({
  name: text('a RabbitMQ node name such as rabbit@server-44').regex(/^[^\s@]+@[^\s@]+$/, {
    error: 'a RabbitMQ node name such as rabbit@server-44',
  }),
  management: address(['http', 'https'], 'https://10.3.0.44:15671'),
  amqp: address(['amqp', 'amqps'], 'amqps://10.3.0.44:5671').optional(),
  epmd: z
    .union([z.literal(false), z.string().regex(/^[^\s:]+:\d+$/)], { error: 'host:port, or false' })
    .optional(),
  host: text('the name of an entry under hosts').optional(),
  prometheus: address(['http', 'https'], 'http://10.3.0.44:15692').optional(),
});

const reachedBy = z.union(
  [
    z.strictObject({
      transportUrl: text('a transport URL').regex(/^[a-z+]+:\/\/\S+$/),
    }),
    z.strictObject({
      haproxy: z.strictObject({ host: text('a host'), path: text('a path').startsWith('/') }),
    }),
  ],
  { error: '{ transportUrl: rabbit://… } or { haproxy: { host: …, path: /… } }' },
);

const service = z.strictObject({
  name: text('the service’s name, such as cinder-scheduler'),
  queues: regularExpression('^cinder-scheduler'),
  host: text('the name of an entry under hosts, or from-connection').default('from-connection'),
  unit: text('the unit, container or workload to restart').optional(),
  restart: oneOf(presetNames).optional(),
  exchange: text('the exchange its queues are bound to, such as nova').optional(),
  probe: oneOf(['auto', 'ping', 'ignoreErrors', 'baseapi', 'off']).optional(),
  rpcVersion: text('an RPC version in quotes, such as "6.0"')
    .regex(/^\d+\.\d+(\.\d+)?$/, { error: 'an RPC version in quotes, such as "6.0"' })
    .optional(),
});

const count = wholeNumber(0, 1_000_000_000);

const detection = z.strictObject({
  backlogReady: count.optional(),
  backlogDrained: count.optional(),
  zombieAfter: duration(1_000, '10m').optional(),
  zombieCriticalReady: count.optional(),
  looksApart: duration(0, '30s').optional(),
  channelsWarning: count.optional(),
  channelsCritical: count.optional(),
  channelsGrowth: count.optional(),
  deafProbes: wholeNumber(2, 20).optional(),
  resolveAfterSweeps: wholeNumber(1, 1_000).optional(),
  ignoreQueues: z
    .array(regularExpression('^audit\\.'), { error: 'a list of regular expressions' })
    .optional(),
});

const cluster = z.strictObject({
  name,
  channel: channel.optional(),
  vhost: text('a vhost such as /').default('/'),
  username: text('the management user'),
  password: text('the management user’s password'),
  nodes: z.array(node, { error: 'a list of nodes' }).min(1, { error: 'at least one node' }),
  reachedBy: reachedBy.optional(),
  services: z.array(service, { error: 'a list of services' }).default([]),
  detection: detection.optional(),
  partitionHandling: oneOf(['ignore', 'autoheal', 'pause_minority']).optional(),
  protect: z
    .strictObject({
      queues: z.array(regularExpression('^billing'), { error: 'a list of regular expressions' }).default([]),
      vhosts: z.array(text('a vhost such as /'), { error: 'a list of vhosts' }).default([]),
    })
    .optional(),
});

/** How the bot reaches the agents of all hosts that are `via: agent`. */
const agents = z.strictObject({ transportUrl });

const clockTime = text('a time of day such as 08:00').regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
  error: 'a time of day such as 08:00',
});

const businessHours = z.strictObject({
  days: z
    .array(wholeNumber(1, 7), { error: 'a list of days, 1 for Monday to 7 for Sunday' })
    .default([1, 2, 3, 4, 5]),
  from: clockTime.default('08:00'),
  until: clockTime.default('18:00'),
  timezone: text('a time zone such as Europe/Berlin')
    .refine(isTimezone, { error: 'a time zone such as Europe/Berlin' })
    .default('UTC'),
});

const slackUser = text('a Slack user id (U…)').regex(/^[UW][A-Z0-9_]+$/, {
  error: 'a Slack user id (U…), not a group and not a name',
});

const people = z.strictObject({
  approvers: z.array(personOrGroup, { error: 'a list of Slack ids' }).default([]),
  adminApprovers: z.array(personOrGroup, { error: 'a list of Slack ids' }).default([]),
  selfApproval: z
    .strictObject({
      reversible: yesOrNo.optional(),
      destructive: yesOrNo.optional(),
      node: yesOrNo.optional(),
      mass: yesOrNo.optional(),
    })
    .default({}),
  approvals: z
    .strictObject({
      reversible: wholeNumber(1, 10).optional(),
      destructive: wholeNumber(1, 10).optional(),
      node: wholeNumber(1, 10).optional(),
      mass: wholeNumber(1, 10).optional(),
    })
    .default({}),
  typedConfirmation: z
    .strictObject({
      reversible: yesOrNo.optional(),
      destructive: yesOrNo.optional(),
      node: yesOrNo.optional(),
      mass: yesOrNo.optional(),
    })
    .default({}),
  planExpires: duration(10_000, '5m').default(300_000),
  onCall: z.array(personOrGroup, { error: 'a list of Slack ids' }).optional(),
  owners: z.array(personOrGroup, { error: 'a list of Slack ids' }).optional(),
  cli: z
    .record(z.string(), slackUser, { error: 'a mapping from a user of this machine to a Slack user id' })
    .default({}),
  businessHours: businessHours.prefault({}),
});

/** The defaults are the highest values: a file may lower them. */
const limits = z.strictObject({
  queuesPerRun: wholeNumber(1, limitDefaults.queuesPerRun).default(limitDefaults.queuesPerRun),
  messagesPerRun: wholeNumber(0, limitDefaults.messagesPerRun).default(limitDefaults.messagesPerRun),
  vhostPercent: wholeNumber(0, limitDefaults.vhostPercent).default(limitDefaults.vhostPercent),
  deletionsPerHour: wholeNumber(0, limitDefaults.deletionsPerHour).default(limitDefaults.deletionsPerHour),
  failuresInARow: wholeNumber(1, limitDefaults.failuresInARow).default(limitDefaults.failuresInARow),
});

const maintenance = z.strictObject({
  cron: text('a cron expression such as 0 2 * * 6').refine(isCron, {
    error: 'a cron expression such as 0 2 * * 6',
  }),
  duration: duration(60_000, '2h'),
  timezone: text('a time zone such as Europe/Berlin')
    .refine(isTimezone, { error: 'a time zone such as Europe/Berlin' })
    .default('UTC'),
  clusters: z.array(name, { error: 'a list of cluster names' }).optional(),
});

/** An alert tells much about a cloud: it goes over the network only encrypted. */
function isEncryptedOrNear(value: string): boolean {
  if (!URL.canParse(value)) return true;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

const digest = z.strictObject({
  cron: text('a cron expression such as 0 9 * * 1-5').refine(isCron, {
    error: 'a cron expression such as 0 9 * * 1-5',
  }),
  timezone: text('a time zone such as Europe/Berlin')
    .refine(isTimezone, { error: 'a time zone such as Europe/Berlin' })
    .default('UTC'),
});

function isCron(expression: string): boolean {
  try {
    CronExpressionParser.parse(expression);
    return true;
  } catch {
    return false;
  }
}

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const schedule = z.strictObject({
  sweep: duration(1_000, '15s').default(15_000),
  probe: duration(1_000, '60s').default(60_000),
  digest: digest.optional(),
});

const audit = z.strictObject({
  file: text('a path')
    .startsWith('/', { error: 'a full path such as /var/log/watership/audit.jsonl' })
    .optional(),
  key: text('a secret of at least 16 characters')
    .min(16, { error: 'a secret of at least 16 characters' })
    .optional(),
  keep: wholeNumber(1_000, 10_000_000).default(200_000),
});

/** The whole file. */
export const fileSchema = z.strictObject({
  slack,
  redis: redis.prefault({}),
  clusters: z.array(cluster, { error: 'a list of clusters' }).min(1, { error: 'at least one cluster' }),
  hosts: z
    .record(z.string(), hostSchema, { error: 'a mapping from host name to how it is reached' })
    .default({}),
  agents: agents.optional(),
  people: people.prefault({}),
  limits: limits.prefault({}),
  halt: z
    .strictObject({ file: text('a path such as /etc/watership/HALT').startsWith('/').optional() })
    .prefault({}),
  maintenance: z.array(maintenance, { error: 'a list of maintenance windows' }).default([]),
  schedule: schedule.prefault({}),
  health: z.strictObject({ host: text('an address').default('127.0.0.1'), port }).optional(),
  audit: audit.prefault({}),
  notify: z
    .strictObject({
      webhook: url(['https', 'http'], 'https://alerts.example.org/hook').refine(isEncryptedOrNear, {
        error: 'an https URL; http is for an address of this machine only',
      }),
      after: duration(1_000, '5m').default(300_000),
    })
    .optional(),
  log: z.strictObject({ level: oneOf(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  sandbox: z.strictObject({ controlUrl: url(['http'], 'http://127.0.0.1:8080') }).optional(),
});

export type ConfigFile = z.output<typeof fileSchema>;

/** The published JSON Schema of the file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(fileSchema, { io: 'input' }),
    title: 'watership.yaml',
    description: 'Configuration of Watership. Secrets are read from the environment or from files.',
  };
}
