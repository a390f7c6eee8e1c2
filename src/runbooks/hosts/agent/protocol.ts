import { z } from 'zod';
import type { HostOperation } from '../common/host.ts';

/*
 * What the bot and an agent say to each other. Both ends are ours; everything that is read here was sent by somebody
 * on the vhost, who may be anybody until the signature is right.
 */

/** Where agents listen: `<topic>.<host>` on this exchange. */
export const agentAddress = { exchange: 'watership', topic: 'watership-agent', version: '1.0' } as const;

/** A request older than this is refused. */
export const FRESH_MS = 60_000;
/** A clock may be ahead of the agent's by so much. */
export const AHEAD_MS = 5_000;
/** How long a nonce is remembered: longer than anything that could still be fresh, and than any call waits. */
export const NONCE_MS = 15 * 60_000;

/** The operations of an agent, by the name of their method on the wire. */
export const agentMethods = {
  service_status: 'service.status',
  service_restart: 'service.restart',
  host_facts: 'host.facts',
  file_read: 'file.read',
  /** Only reads the journal: what became of the request of this id? */
  request_outcome: 'request.outcome',
} as const;

export type AgentMethod = keyof typeof agentMethods;
export type AgentOperation = Exclude<(typeof agentMethods)[AgentMethod], 'request.outcome'>;

/** Operations that change something: they have a line in the journal, and run at most once by it. */
export const isActing = (operation: string): boolean => operation === 'service.restart';

export const isAgentOperation = (operation: HostOperation): operation is AgentOperation =>
  Object.values<string>(agentMethods).includes(operation);

export const methodOf = (operation: AgentOperation | 'request.outcome'): string =>
  operation.replace('.', '_');

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}$/);
const timeMs = z.int().min(0);

/** What is signed of a request. */
const requestSchema = z.strictObject({
  version: z.literal(1),
  /** The agent that is meant. */
  host: z.string().max(255),
  operation: z.enum(Object.values(agentMethods)),
  args: z.record(z.string().max(32), z.string().max(4096)),
  /** The command that people approved: the agent runs its own, and only if it is this one. */
  argv: z.array(z.string().max(4096)).max(64).optional(),
  /** Of the ledger for what acts. For `request.outcome` the id that is asked about. */
  id,
  /** When the ledger wrote it down. For what only looks: when it was asked. */
  intendedAtMs: timeMs,
  signedAtMs: timeMs,
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  /** How long the command may take. */
  limitMs: z.int().min(1).max(3_600_000),
});

export type AgentRequest = z.infer<typeof requestSchema>;

const signature = z.string().regex(/^[0-9a-f]{64}$/);

/** The arguments of every method. */
export const signedRequestSchema = z.strictObject({ request: requestSchema, signature });

export const hostAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done'), exitCode: z.literal(0), output: z.string() }),
  z.strictObject({ kind: z.literal('failed'), exitCode: z.number(), output: z.string() }),
  z.strictObject({ kind: z.literal('unknown'), because: z.string() }),
  z.strictObject({ kind: z.literal('not-started'), because: z.string() }),
]);

/** Why an agent does not do what it is asked. */
export const refusals = [
  'bad-signature',
  'malformed',
  'other-host',
  'replayed',
  'stale',
  'from-the-future',
  'no-memory',
  'too-late',
  'id-reused',
  'not-allowed',
  'other-command',
  'no-journal',
] as const;

export type RefusalCode = (typeof refusals)[number];

/**
 * Refusals that do not prove that nothing was done: the request may have come before, or may be let in later.
 * All others, when signed, do.
 */
export const isProofOfNothing = (code: RefusalCode): boolean =>
  code !== 'replayed' && code !== 'no-memory' && code !== 'no-journal';

const refused = z.strictObject({
  kind: z.literal('refused'),
  code: z.enum(refusals),
  because: z.string(),
});

/** What the journal says about an id. `running`: this moment; `interrupted`: the agent died over it. */
const outcome = z.strictObject({
  kind: z.literal('outcome'),
  state: z.enum(['absent', 'running', 'interrupted', 'answered']),
  answer: hostAnswerSchema.optional(),
  /** From when on the journal is whole. */
  sinceMs: timeMs,
});

const resultSchema = z.discriminatedUnion('kind', [...hostAnswerSchema.options, refused, outcome]);

export type AgentResult = z.infer<typeof resultSchema>;
export type AgentRefusal = z.infer<typeof refused>;

/** What is signed of an answer: it belongs to one request of one host. */
const answerSchema = z.strictObject({
  version: z.literal(1),
  host: z.string(),
  id,
  nonce: z.string(),
  answeredAtMs: timeMs,
  result: resultSchema,
});

export type AgentAnswer = z.infer<typeof answerSchema>;

/** A stranger gets a bare refusal: nothing is signed for somebody who holds no key. */
export const replySchema = z.union([z.strictObject({ answer: answerSchema, signature }), refused]);

export type AgentReply = z.infer<typeof replySchema>;
