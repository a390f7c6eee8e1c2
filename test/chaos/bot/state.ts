import { Redis } from 'ioredis';
import { z } from 'zod';
import type { TestSandbox } from '../../support/sandbox.ts';

/*
 * What the bots have written down, read without their code: the keys are an outside contract, and the checker must not share a
 * mistake with what it checks.
 */

const vote = z.looseObject({ by: z.string(), planHash: z.string(), atMs: z.number() });

const planned = z.looseObject({
  kind: z.string(),
  title: z.string(),
  call: z.looseObject({ action: z.string(), args: z.record(z.string(), z.unknown()) }).optional(),
});

const item = z.looseObject({
  state: z.string(),
  startedAtMs: z.number().optional(),
  attempts: z.number().optional(),
  detail: z.string().optional(),
});

const run = z.looseObject({
  id: z.string(),
  incident: z.string(),
  key: z.string(),
  state: z.string(),
  because: z.string().optional(),
  startedAtMs: z.number(),
  plan: z.looseObject({ hash: z.string(), items: z.array(planned) }).optional(),
  votes: z.array(vote),
  items: z.array(item),
});

const incident = z.looseObject({
  id: z.string(),
  key: z.string(),
  runbook: z.string(),
  subject: z.string(),
  facts: z.unknown(),
  state: z.enum(['open', 'resolved']),
  openedAtMs: z.number(),
  mutedBy: z.string().optional(),
  run: z.string().optional(),
});

const auditEntry = z.looseObject({
  atMs: z.number(),
  actor: z.string(),
  event: z.string(),
  run: z.string().optional(),
  incident: z.string().optional(),
  planHash: z.string().optional(),
  after: z.string().optional(),
  item: z.number().optional(),
  ruling: z.string().optional(),
  text: z.string(),
});

export type StoredRun = z.output<typeof run>;
export type StoredIncident = z.output<typeof incident>;
export type StoredEntry = z.output<typeof auditEntry>;

/** The bots' memory, looked at from outside. */
export interface State {
  incidents(): Promise<readonly StoredIncident[]>;
  runs(): Promise<readonly StoredRun[]>;
  /** Whether repairs are halted: the circuit breaker does that when too many ended unclear. */
  isHalted(): Promise<boolean>;
  /** Incidents whose message is behind. */
  pendingUpdates(): Promise<readonly string[]>;
  /** Everything that was recorded, oldest first, by the bot's own command line. */
  audit(): Promise<readonly StoredEntry[]>;
  close(): void;
}

const PREFIX = '{watership}';

const ANSWER_MS = 10_000;

/** Connects to the sandbox's Redis; while it is away a question waits for a while. */
export function openState(sandbox: TestSandbox): State {
  const redis = new Redis(sandbox.report().redis.url, {
    maxRetriesPerRequest: null,
    commandTimeout: ANSWER_MS,
    retryStrategy: () => 200,
  });
  redis.on('error', () => {});
  const all = async <T>(kind: string, schema: z.ZodType<T>): Promise<readonly T[]> => {
    const ids = await redis.zrange(`${PREFIX}:recent:${kind}`, 0, '-1');
    const texts = await Promise.all(ids.map((id) => redis.hget(`${PREFIX}:${kind}:${id}`, 'json')));
    return texts.flatMap((text) => (text === null ? [] : [schema.parse(JSON.parse(text))]));
  };
  return {
    incidents: () => all('incident', incident),
    runs: () => all('run', run),
    isHalted: async () => (await redis.hlen(`${PREFIX}:halts`)) > 0,
    pendingUpdates: () => redis.zrange(`${PREFIX}:untold`, 0, '-1'),
    async audit() {
      const { exitCode, output } = await sandbox.watership('audit', '--json', '--limit', '1000000');
      if (exitCode !== 0) {
        throw new Error(`watership audit: ${output}`);
      }
      return z.array(auditEntry).parse(JSON.parse(output));
    },
    close: () => redis.disconnect(),
  };
}
