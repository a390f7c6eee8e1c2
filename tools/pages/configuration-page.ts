// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file
import { z } from 'zod';
import { agentMeanings } from '../../src/bot/agent/agent-meanings.ts';
import { agentFileSchema } from '../../src/bot/agent/agent-schema.ts';
import { describeFields, type Field, fieldsOf } from '../../src/bot/config/schema/describe-fields.ts';
import { durationPattern } from '../../src/bot/config/schema/duration.ts';
import { configJsonSchema, fileSchema } from '../../src/bot/config/schema/schema.ts';
import { detectionDefaults } from '../../src/runbooks/index.ts';
import { code, markdownTable, opening } from './table.ts';

/** Page `docs/configuration.md`: every field of both files. */
export function configurationPage(): string {
  const agentSchema = describeFields({ ...z.toJSONSchema(agentFileSchema, { io: 'input' }) }, agentMeanings);
  return [
    ...opening('Configuration', '`src/bot/config/schema` and `src/bot/agent/agent-schema.ts`'),
    'A complete file to start from: `deploy/watership.example.yaml`; for editors: `deploy/watership.schema.json`. Secrets are',
    'in the environment (`${NAME}`) or in files (`${file:/path}`), never in the file itself. A duration is a number with its',
    'unit: `500ms`, `15s`, `10m`, `2h`, `1d`. `[]` is each entry of a list, `*` each name of a mapping.',
    '',
    '- [watership.yaml](#watershipyaml): the bot and the command line',
    '- [agent.yaml](#agentyaml): the agent of one host',
    '',
    '## watership.yaml',
    ...tables(fieldsOf(configJsonSchema()), fileSchema.parse(smallestFile)),
    '',
    '## agent.yaml',
    '',
    ...table(fieldsOf(agentSchema), agentFileSchema.parse(smallestAgent)),
    '',
  ].join('\n');
}

/** One table for each part of the file. */
function tables(fields: readonly Field[], parsed: unknown): string[] {
  const parts = [...new Set(fields.map(({ path }) => partOf(path)))];
  return parts.flatMap((part) => [
    '',
    `### ${part}`,
    '',
    ...table(
      fields.filter(({ path }) => partOf(path) === part),
      parsed,
    ),
  ]);
}

const partOf = (path: string): string => /^\w+/.exec(path)?.[0] ?? path;

function table(fields: readonly Field[], parsed: unknown): readonly string[] {
  // A field of several kinds of hosts stands there once, with the types of all.
  const once = [...new Map(fields.toReversed().map((field) => [field.path, field])).values()].toReversed();
  const typesOf = (path: string): string =>
    [
      ...new Set(
        fields.filter((field) => field.path === path).flatMap(({ schema }) => typeOf(schema).split(', ')),
      ),
    ].join(', ');
  const order = [...new Set(fields.map(({ path }) => path))];
  once.sort((one, other) => order.indexOf(one.path) - order.indexOf(other.path));
  return markdownTable(
    ['field', 'type', 'default', 'meaning'],
    once.map(({ path, schema, isRequired }) => [
      code(path),
      typesOf(path),
      defaultsInWords[path] ?? (isRequired ? 'must be given' : defaultOf(path, schema, parsed)),
      String(schema['description'] ?? ''),
    ]),
  );
}

const shapeSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  items: z.looseObject({}).optional(),
  anyOf: z.array(z.looseObject({})).optional(),
  oneOf: z.array(z.looseObject({})).optional(),
});

const isDuration = (schema: Field['schema']): boolean => schema['pattern'] === durationPattern.source;

function typeOf(schema: Field['schema']): string {
  if (isDuration(schema)) {
    return 'duration';
  }
  const { type, enum: values, const: value, items, anyOf, oneOf } = shapeSchema.parse(schema);
  if (values !== undefined) {
    return values.map((one) => code(String(one))).join(', ');
  }
  if (value !== undefined) {
    return code(String(value));
  }
  const variants = anyOf ?? oneOf;
  if (variants !== undefined) {
    const isNumber = variants.some((variant) => variant['pattern'] === '^\\d+$');
    return isNumber ? 'whole number' : [...new Set(variants.map(typeOf))].join(' or ');
  }
  switch (type) {
    case 'string':
      return 'text';
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
    case 'object':
      return 'mapping';
    default:
      return String(type);
  }
}

/** What counts where the file says nothing. */
function defaultOf(path: string, schema: Field['schema'], parsed: unknown): string {
  const value = valueAt(path, parsed) ?? schema['default'];
  // What the smallest file says itself is no default.
  const isSaid = valueAt(path, smallestFile) !== undefined;
  if (value === undefined || isSaid || JSON.stringify(value).includes('{')) {
    return '';
  }
  if (isDuration(schema)) {
    return code(durationText(Number(value)));
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'none' : code(value.join(', '));
  }
  return code(String(value));
}

/** The value of a field in a parsed file; of a list or a mapping, in its first entry. */
function valueAt(path: string, parsed: unknown): unknown {
  return path.split(/\.|(?=\[)/).reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    const members = Object.entries(value);
    return (name === '[]' || name === '*' ? members[0] : members.find(([key]) => key === name))?.[1];
  }, parsed);
}

const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration as the file has it. */
function durationText(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** Defaults that are made after the file was read, from other fields or from the rules of the runbooks. */
const defaultsInWords: Readonly<Record<string, string>> = {
  'redis.url': '`redis://127.0.0.1:6379/0`',
  'redis.database': '`0`',
  'redis.copies': '`0`; with sentinels `1`',
  'clusters[].channel': '`slack.channel`',
  'clusters[].nodes[].amqp': 'port 5672 of the host in `management`; with `tls` port 5671',
  'clusters[].nodes[].epmd': 'port 4369 of the host in `management`',
  'clusters[].services[].unit': '`name`',
  'clusters[].services[].exchange': 'learned from the bindings',
  'clusters[].services[].probe': '`auto`: as its name suggests',
  'clusters[].reachedBy.transportUrl': 'this or `haproxy`',
  'clusters[].reachedBy.haproxy': 'this or `transportUrl`',
  'hosts.*.address': 'the name of the entry',
  'people.selfApproval.reversible': '`true`',
  'people.selfApproval.destructive': '`false`',
  'people.selfApproval.node': '`false`',
  'people.selfApproval.mass': '`false`',
  'people.approvals.reversible': '`1`',
  'people.approvals.destructive': '`1`',
  'people.approvals.node': '`2`',
  'people.approvals.mass': '`2`',
  'people.typedConfirmation.reversible': '`false`',
  'people.typedConfirmation.destructive': '`true`',
  'people.typedConfirmation.node': '`true`',
  'people.typedConfirmation.mass': '`true`',
  'people.onCall': '`people.approvers`',
  'people.owners': '`people.adminApprovers`',
  'maintenance[].clusters': 'all',
  ...Object.fromEntries(
    Object.entries(detectionDefaults).map(([name, value]) =>
      name.endsWith('Ms')
        ? [`clusters[].detection.${name.slice(0, -2)}`, code(durationText(Number(value)))]
        : [`clusters[].detection.${name}`, Array.isArray(value) ? 'none' : code(String(value))],
    ),
  ),
};

/** A file with every part and nothing that has a default. */
const smallestFile = {
  slack: { botToken: 'xoxb-b', channel: 'C0ALERTS' },
  redis: { sentinels: [{ host: '127.0.0.1' }] },
  clusters: [
    {
      name: 'house',
      username: 'watership',
      password: 'p',
      tls: {},
      nodes: [{ name: 'rabbit@house', management: 'https://127.0.0.1:15671' }],
      services: [{ name: 'nova', queues: '^nova' }],
      protect: {},
    },
  ],
  hosts: { house: { via: 'ssh', user: 'ops', agent: true } },
  maintenance: [{ cron: '0 2 * * 6', duration: '2h' }],
  schedule: { digest: { cron: '0 9 * * 1-5' } },
  health: { port: 8080 },
  notify: { webhook: 'https://alerts.example.org/hook' },
};

const smallestAgent = {
  host: 'house',
  transportUrl: 'rabbit://127.0.0.1:5672/agents',
  keys: ['k'.repeat(32)],
};
