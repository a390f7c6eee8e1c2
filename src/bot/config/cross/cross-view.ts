import { z } from 'zod';
import { presetNames } from '../../../runbooks/index.ts';
import { looksApart } from '../schema/cluster-schema.ts';
import { yesOrNo } from '../schema/fields.ts';
import { votes } from '../schema/people-schema.ts';

/*
 * The fields that the cross checks read, each by itself: what is wrong about one is the schema's to tell, and must not
 * hide what is wrong between the others. So nothing here ever fails; a field that is not as it should be is absent.
 */

const word = z.string().optional().catch(undefined);
const words = z.array(z.string()).catch([]);
const listOf = <Entry extends z.ZodType>(entry: Entry) => z.array(entry).catch([]);

const node = z
  .object({ name: word, management: word, amqp: word, host: word })
  .catch({ name: undefined, management: undefined, amqp: undefined, host: undefined });

const service = z.object({ host: word, restart: word }).catch({ host: undefined, restart: undefined });

const cluster = z
  .object({
    name: word,
    nodes: listOf(node),
    services: listOf(service),
    detection: z
      .object({ looksApart: looksApart.optional().catch(undefined) })
      .optional()
      .catch(undefined),
    reachedBy: z
      .object({ haproxy: z.object({ host: z.string() }) })
      .optional()
      .catch(undefined),
  })
  .catch({ name: undefined, nodes: [], services: [], detection: undefined, reachedBy: undefined });

const preset = z.enum(presetNames);
const host = z
  .object({
    preset: preset.default('systemd').optional().catch(undefined),
    ...{ via: word, address: word, jump: word },
    agent: z.unknown().optional(),
    addresses: words,
    operations: z.record(z.string(), words).catch({}),
    keys: z.array(z.string()).optional().catch([]),
  })
  .catch({
    ...{ preset: undefined, via: undefined, address: undefined, jump: undefined },
    ...{ addresses: [], operations: {}, keys: undefined },
  });

const slack = z.object({
  mode: z.enum(['socket', 'http']).default('socket').optional().catch(undefined),
  botToken: word,
  appToken: z.unknown().optional(),
  signingSecret: z.unknown().optional(),
  port: z.unknown().optional(),
});

const any = z.unknown().optional();
const redis = z.object({
  url: any,
  sentinels: any,
  name: any,
  database: any,
  username: any,
  password: any,
  sentinelPassword: any,
  tls: any,
});

/** By the very fields of the schema: what it takes for a number, as the text in quotes, counts here too. Each by itself. */
const tiers = <Field extends z.ZodType>(field: Field) => {
  const one = field.optional().catch(undefined);
  const none = { destructive: undefined, node: undefined, mass: undefined };
  return z.object({ destructive: one, node: one, mass: one }).catch(none).optional();
};
const people = z.object({
  approvals: tiers(votes),
  selfApproval: tiers(yesOrNo),
  typedConfirmation: tiers(yesOrNo),
});

const crossSchema = z.object({
  redis: redis.optional().catch(undefined),
  people: people.optional().catch(undefined),
  sandbox: z.unknown().optional(),
  maintenance: listOf(z.object({ clusters: words.optional() }).catch({ clusters: undefined })).optional(),
  slack: slack.optional().catch(undefined),
  clusters: listOf(cluster),
  agents: z.unknown().optional(),
  /** Absent when it is no mapping: then no name can be looked up. */
  hosts: z.record(z.string(), host).default({}).optional().catch(undefined),
});

export type CrossView = z.output<typeof crossSchema>;
export type CrossHost = z.output<typeof host>;
export type CrossNode = z.output<typeof node>;

/** What the cross checks can use of a file, however much of it is wrong. */
export const crossView = (raw: unknown): CrossView =>
  crossSchema
    .catch({
      redis: undefined,
      slack: undefined,
      clusters: [],
      hosts: undefined,
      people: undefined,
      maintenance: [],
    })
    .parse(raw ?? {});
