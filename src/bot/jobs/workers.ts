import { type Job, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { reasonOf } from '../../rpc/index.ts';
import { notifySoon } from '../approvals/notify-soon.ts';
import type { BotContext } from '../context.ts';
import type { Vitals } from '../health/vitals.ts';
import { NotifiedElsewhere } from '../ports/slack-errors.ts';
import { entry } from '../record/run-record.ts';
import { notify, notifyBackoffMs } from './notify.ts';
import { probeRound } from './probe.ts';
import {
  type DigestJob,
  type ProbeJob,
  queueNames,
  queuePrefix,
  type RunJob,
  repeatStrategy,
  type SweepJob,
  type TellJob,
} from './queues.ts';
import { resumeRun } from './run.ts';
import { sweep } from './sweep.ts';

/** What the jobs hand on to the room of Slack. */
export interface Speakers {
  readonly tell: (incident: string) => Promise<void>;
  /** Posts the digest that was due at this time: once, however many replicas try. */
  readonly digest: (slot: string) => Promise<void>;
}

export interface Workers {
  /** Resolves when each of them waits for jobs. */
  ready(): Promise<void>;
  /** Lets running jobs end, but not for longer than this. */
  stop(withinMs: number): Promise<void>;
}

const RUNS_AT_ONCE = 10;
const TELLS_AT_ONCE = 4;
const ERROR_NOTE_MS = 600_000;

/** Starts the workers. Each job is a few lines that lead to the file which does it. */
export function startWorkers(
  context: BotContext,
  connection: Redis,
  speakers: Speakers,
  vitals: Vitals,
): Workers {
  const { config, log, clusters } = context;
  const base: WorkerOptions = {
    connection,
    prefix: queuePrefix(config.redis.prefix),
    // A job that was lost with its process is found and ended within seconds; leases guard what it did.
    lockDuration: 6_000,
    stalledInterval: 3_000,
    // Runs are never started again by the queue: the stored value says what is next, and a sweep asks for forgotten ones.
    maxStalledCount: 0,
    runRetryDelay: 2_000,
  };

  const sweepWorker = new Worker<SweepJob>(
    queueNames.sweep,
    async ({ data }) => {
      const cluster = clusters.get(data.cluster);
      if (cluster === undefined) {
        return;
      }
      const startedAtMs = context.clock.now();
      try {
        const outcome = await sweep(context, cluster);
        if (outcome.kind === 'swept') {
          vitals.swept(data.cluster, startedAtMs, context.clock.now(), outcome);
        }
      } catch (error) {
        vitals.sweepFailed(data.cluster);
        throw error;
      }
    },
    // Two for each: while one is slow, the next notices it and steps aside.
    { ...base, concurrency: Math.max(2, clusters.size * 2) },
  );

  const probeWorker = new Worker<ProbeJob>(
    queueNames.probe,
    async ({ data }) => {
      const cluster = clusters.get(data.cluster);
      if (cluster !== undefined) {
        await probeRound(context, cluster);
      }
    },
    { ...base, concurrency: Math.max(2, clusters.size * 2) },
  );

  const runWorker = new Worker<RunJob>(
    queueNames.run,
    async (job) => {
      // From here on the run may be put off again under the same name.
      await job.removeDeduplicationKey();
      try {
        await resumeRun(context, job.data.run, job.data);
      } catch (error) {
        await noteError(context, job.data.run, error);
        throw error;
      }
    },
    { ...base, concurrency: RUNS_AT_ONCE },
  );

  const tellWorker = new Worker<TellJob>(
    queueNames.tell,
    async ({ data }) => {
      try {
        await notify(context, speakers.tell, data.incident);
        vitals.told();
      } catch (error) {
        if (!(error instanceof NotifiedElsewhere)) {
          vitals.couldNotTell(reasonOf(error));
        }
        throw error;
      }
    },
    {
      ...base,
      concurrency: TELLS_AT_ONCE,
      maxStalledCount: 100,
      settings: { backoffStrategy: (attempts, _type, error) => notifyBackoffMs(attempts, error) },
    },
  );

  const digestWorker = new Worker<DigestJob>(
    queueNames.digest,
    // A scheduler's job keeps its planned time.
    ({ opts }) => speakers.digest(new Date(opts.prevMillis ?? context.clock.now()).toISOString()),
    // A digest whose process died is taken up by another: what it did is looked up before anything is posted.
    { ...base, maxStalledCount: 10, settings: { repeatStrategy } },
  );

  const all: readonly Worker[] = [sweepWorker, probeWorker, runWorker, tellWorker, digestWorker];
  for (const worker of all) {
    worker.on('failed', (job: Job | undefined, error: Error) => {
      vitals.failed(worker.name);
      const isTriedAgain = job !== undefined && job.attemptsMade < (job.opts.attempts ?? 1);
      if (isTriedAgain) {
        log.warn({ data: job.data }, `A ${worker.name} job is retried: ${error.message}`);
      } else {
        log.error({ err: error, data: job?.data }, `A ${worker.name} job failed`);
      }
    });
    // Lost connections are logged once, by the connection itself.
    worker.on('error', (error) =>
      log.debug({ err: error, queue: worker.name }, 'A worker could not reach its queue'),
    );
  }

  return {
    async ready() {
      await Promise.all(all.map((worker) => worker.waitUntilReady()));
    },
    async stop(withinMs) {
      const gently = Promise.all(all.map((worker) => worker.close()));
      const timer = new AbortController();
      const tooLong = context.clock.sleep(withinMs, timer.signal).then(
        () => 'too long' as const,
        () => 'in time' as const,
      );
      const ended = await Promise.race([gently.then(() => 'in time' as const), tooLong]);
      timer.abort();
      if (ended === 'too long') {
        log.warn('Jobs are still running; they are left to the next start');
      }
    },
  };
}

/** A run that cannot go on because of a fault of ours must not just fall silent. */
async function noteError(context: BotContext, id: string, error: unknown): Promise<void> {
  const { stores, clock } = context;
  try {
    const run = await stores.runs.get(id);
    if (run === undefined || !(await stores.once.first(`run-error:${id}`, ERROR_NOTE_MS))) {
      return;
    }
    const atMs = clock.now();
    const text = `${id} failed with an error and is retried with the next sweep: ${reasonOf(error)}`;
    await stores.audit.append(entry(run, 'run.error', text, atMs));
    await stores.incidents.note(run.incident, [{ atMs, text }]);
    await notifySoon(context, run.incident);
  } catch (noteFailure) {
    // Redis is the likely cause of the first error, and takes no notes; the worker logs the first one.
    context.log.debug({ err: noteFailure }, 'The error of a run could not be recorded');
  }
}
