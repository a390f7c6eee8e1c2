import { Queue, type RepeatStrategy } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobQueue } from '../ports/queue.ts';
import { nextTimeMs } from '../process/cron.ts';

/** Names of the queues; a job of each carries only an id, never state. */
export const queueNames = {
  sweep: 'sweep',
  probe: 'probe',
  run: 'run',
  tell: 'tell',
  digest: 'digest',
} as const;

export interface SweepJob {
  readonly cluster: string;
}
export interface ProbeJob {
  readonly cluster: string;
}
export interface RunJob {
  readonly run: string;
  /** The pause that the run asked for is over when this job begins. */
  readonly pauseServed: boolean;
}
export interface TellJob {
  readonly incident: string;
}
export interface DigestJob {
  readonly scheduled: true;
}

export interface Queues {
  readonly sweep: Queue<SweepJob>;
  readonly probe: Queue<ProbeJob>;
  readonly run: Queue<RunJob>;
  readonly tell: Queue<TellJob>;
  readonly digest: Queue<DigestJob>;
  close(): Promise<void>;
}

/** Slack may be away for hours; the card is wanted all the same. With the longest pause this is half a day. */
const TELL_ATTEMPTS = 1_500;
/** A nudge is one question a sweep at most, whatever becomes of it. */
const NUDGE_MS = 1_000;

/** BullMQ adds its own part behind this; the braces keep all of it in one slot of a Redis Cluster. */
export const queuePrefix = (prefix: string): string => `{${prefix}}:queue`;

/** Next time of a cron schedule, reckoned by what the configuration is checked with; BullMQ's own parser is another one. */
export const repeatStrategy: RepeatStrategy = (afterMs, { pattern, tz }) =>
  pattern === undefined ? undefined : nextTimeMs(pattern, tz ?? 'UTC', afterMs);

export function openQueues(connection: Redis, prefix: string, onError: (error: Error) => void): Queues {
  // Finished jobs are of no use: what happened stands in the audit.
  const defaultJobOptions = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 100 } };
  const options = { connection, prefix: queuePrefix(prefix), defaultJobOptions };
  const queues = {
    sweep: new Queue<SweepJob>(queueNames.sweep, options),
    probe: new Queue<ProbeJob>(queueNames.probe, options),
    run: new Queue<RunJob>(queueNames.run, options),
    tell: new Queue<TellJob>(queueNames.tell, options),
    digest: new Queue<DigestJob>(queueNames.digest, { ...options, settings: { repeatStrategy } }),
  };
  const all = Object.values(queues);
  for (const queue of all) {
    queue.on('error', onError);
  }
  return {
    ...queues,
    async close() {
      await Promise.all(all.map((queue) => queue.close()));
    },
  };
}

/** Job queue over BullMQ. */
export function openJobQueue(queues: Omit<Queues, 'close'>): JobQueue {
  return {
    async tell(incident) {
      await queues.tell.add(
        'tell',
        { incident },
        {
          attempts: TELL_ATTEMPTS,
          backoff: { type: 'custom' },
          // One at work and at most one waiting behind it: the last call always leads to a look at the newest state.
          deduplication: { id: incident, keepLastIfActive: true },
        },
      );
    },

    async carryOn(run, delayMs = 0, why) {
      const pauseServed = why === 'pause';
      const delay = Math.max(0, Math.round(delayMs));
      await queues.run.add(
        'carry-on',
        { run, pauseServed },
        {
          ...(delay > 0 ? { delay } : {}),
          ...(why === undefined && delay === 0 ? {} : { deduplication: laterOnce(run, why ?? 'until') }),
        },
      );
    },

    async sweep(cluster) {
      await queues.sweep.add('sweep', { cluster }, { deduplication: { id: `now.${cluster}` } });
    },
  };
}

const reasons = ['pause', 'retry', 'until', 'nudge'] as const;
type Reason = (typeof reasons)[number];

const laterId = (run: string, why: Reason): string => `${run}.${why}`;

function laterOnce(run: string, why: Reason) {
  const id = laterId(run, why);
  if (why === 'nudge') {
    return { id, ttl: NUDGE_MS };
  }
  return why === 'until' ? { id, replace: true } : { id };
}

/** A dead bot may have left the marks of jobs that will never end: without this its runs could not be put off again. */
export async function forgetLater(queues: Pick<Queues, 'run'>, run: string): Promise<void> {
  for (const why of reasons) {
    await queues.run.removeDeduplicationKey(laterId(run, why));
  }
}
