import { z } from 'zod';
import { limitDefaults } from '../../../runbooks/index.ts';
import { clusterSchema } from './cluster-schema.ts';
import { describeFields } from './describe-fields.ts';
import {
  address,
  channel,
  cron,
  duration,
  name,
  oneOfField,
  port,
  textField,
  timezone,
  transportUrl,
  url,
  wholeNumber,
} from './fields.ts';
import { hostSchema } from './host-schema.ts';
import { fieldMeanings } from './meanings.ts';
import { peopleSchema } from './people-schema.ts';
import { redisTls } from './tls-schema.ts';

/*
 * The configuration file as people write it. Every `error` text finishes the sentence "expected …".
 * `deploy/watership.schema.json` is printed from this schema.
 */

const secretsExpected = 'the signing secret of the Slack app, or a list of the new one and the old one';

const slack = z.strictObject({
  mode: oneOfField(['socket', 'http']).default('socket'),
  botToken: textField('the bot token of the Slack app (xoxb-…)'),
  appToken: textField('the app-level token of the Slack app (xapp-…)').optional(),
  signingSecret: z
    .union(
      [
        textField('the signing secret'),
        z
          .array(textField('a signing secret'))
          .min(1, { error: secretsExpected })
          .max(2, { error: secretsExpected }),
      ],
      { error: secretsExpected },
    )
    .optional(),
  port: port.optional(),
  channel,
  apiUrl: address(['https', 'http'], 'https://slack.com/api/').default('https://slack.com/api/'),
});

const redis = z.strictObject({
  url: url(['redis', 'rediss'], 'redis://127.0.0.1:6379/0').optional(),
  sentinels: z
    .array(z.strictObject({ host: textField('an address'), port: port.default(26_379) }), {
      error: 'a list of sentinels, { host: 10.3.0.44, port: 26379 }',
    })
    .min(1, { error: 'at least one sentinel' })
    .optional(),
  name: textField('what the sentinels call the master, such as mymaster').optional(),
  database: wholeNumber(0, 1_000).optional(),
  username: textField('the user of Redis').optional(),
  password: textField('the password of Redis').optional(),
  sentinelPassword: textField('the password of the sentinels').optional(),
  tls: redisTls.optional(),
  copies: wholeNumber(0, 10).optional(),
  prefix: name.default('watership'),
});

/** How the bot reaches the agents of all hosts that are `via: agent`. */
const agents = z.strictObject({ transportUrl });

/** The defaults are the highest values: a file may lower them. */
const limits = z.strictObject({
  queuesPerRun: wholeNumber(1, limitDefaults.queuesPerRun).default(limitDefaults.queuesPerRun),
  messagesPerRun: wholeNumber(0, limitDefaults.messagesPerRun).default(limitDefaults.messagesPerRun),
  vhostPercent: wholeNumber(0, limitDefaults.vhostPercent).default(limitDefaults.vhostPercent),
  deletionsPerHour: wholeNumber(0, limitDefaults.deletionsPerHour).default(limitDefaults.deletionsPerHour),
  failuresInARow: wholeNumber(1, limitDefaults.failuresInARow).default(limitDefaults.failuresInARow),
});

const maintenance = z.strictObject({
  cron: cron('0 2 * * 6'),
  duration: duration(60_000, '2h'),
  timezone,
  clusters: z.array(name, { error: 'a list of cluster names' }).optional(),
});

/** An alert tells much about a cloud: it goes over the network only encrypted. */
function isEncryptedOrNear(value: string): boolean {
  if (!URL.canParse(value)) {
    return true;
  }
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

const digest = z.strictObject({
  cron: cron('0 9 * * 1-5'),
  timezone,
});

const schedule = z.strictObject({
  sweep: duration(1_000, '15s').default(15_000),
  probe: duration(1_000, '60s').default(60_000),
  digest: digest.optional(),
});

const audit = z.strictObject({
  file: textField('a path')
    .startsWith('/', { error: 'a full path such as /var/log/watership/audit.jsonl' })
    .optional(),
  key: textField('a secret of at least 16 characters')
    .min(16, { error: 'a secret of at least 16 characters' })
    .optional(),
  keep: wholeNumber(1_000, 10_000_000).default(200_000),
});

/** The whole file. */
export const fileSchema = z.strictObject({
  slack,
  redis: redis.prefault({}),
  clusters: z.array(clusterSchema, { error: 'a list of clusters' }).min(1, { error: 'at least one cluster' }),
  hosts: z
    .record(z.string(), hostSchema, { error: 'a mapping from host name to how it is reached' })
    .default({}),
  agents: agents.optional(),
  people: peopleSchema.prefault({}),
  limits: limits.prefault({}),
  halt: z
    .strictObject({ file: textField('a path such as /etc/watership/HALT').startsWith('/').optional() })
    .prefault({}),
  maintenance: z.array(maintenance, { error: 'a list of maintenance windows' }).default([]),
  schedule: schedule.prefault({}),
  health: z.strictObject({ host: textField('an address').default('127.0.0.1'), port }).optional(),
  audit: audit.prefault({}),
  notify: z
    .strictObject({
      webhook: url(['https', 'http'], 'https://alerts.example.org/hook').refine(isEncryptedOrNear, {
        error: 'an https URL; http is for an address of this machine only',
      }),
      after: duration(1_000, '5m').default(300_000),
    })
    .optional(),
  log: z.strictObject({ level: oneOfField(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  sandbox: z.strictObject({ controlUrl: url(['http'], 'http://127.0.0.1:8080') }).optional(),
});

export type ConfigFile = z.output<typeof fileSchema>;

/** The published JSON Schema of the file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    ...describeFields({ ...z.toJSONSchema(fileSchema, { io: 'input' }) }, fieldMeanings),
    title: 'watership.yaml',
    description: 'Configuration of Watership. Secrets are read from the environment or from files.',
  };
}
