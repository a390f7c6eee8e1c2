import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { definite } from '../rpc/index.ts';
import { book, type Clock } from '../runbooks/index.ts';
import { notifySoon } from './approvals/notify-soon.ts';
import { createPeople } from './approvals/people.ts';
import { type AuditKeeper, keepAudit } from './audit/keeper.ts';
import { startedEntry } from './audit/started.ts';
import { type OpenCluster, openCluster } from './cluster/clusters.ts';
import { openConfiguredHosts } from './cluster/hosts.ts';
import type { BotConfig } from './config/config.ts';
import { exposedFiles } from './config/file/exposed-files.ts';
import type { BotContext } from './context.ts';
import { examine } from './health/report.ts';
import { type HealthServer, serveHealth } from './health/server.ts';
import { createVitals } from './health/vitals.ts';
import { forgetLater, openJobQueue, openQueues, type Queues } from './jobs/queues.ts';
import { schedule, watchSchedules } from './jobs/schedules.ts';
import { type Speakers, startWorkers } from './jobs/workers.ts';
import { watchPendingUpdates } from './notify/watch-pending-updates.ts';
import { connectSlack } from './slack/app/connect.ts';
import { createIncidentNotifier } from './slack/send/incident-notifier.ts';
import { postDigest } from './slack/send/post-digest.ts';
import { openSlackPort } from './slack/send/web-client-port.ts';
import { connectRedis, connectRedisForJobs } from './stores/connection/connect.ts';
import { examineRedis } from './stores/connection/examine.ts';
import { watchHalts } from './stores/halts.ts';
import { openStores } from './stores/open.ts';
import { span } from './wording/words.ts';

/** How long running jobs get to end when the bot is asked to stop; what is cut off is settled by the next start. */
const STOP_MS = 8_000;
const RETRY_MS = 3_000;

export interface RunningBot {
  /** Where health is served; absent when the configuration names no port. */
  readonly healthPort?: number;
  stop(): Promise<void>;
}

/** Starts the bot: everything is wired here, and nowhere else. Returns once it works. */
export async function startBot(
  config: BotConfig,
  { log, clock, signal }: { readonly log: Logger; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<RunningBot> {
  warnOfFiles();
  const startedAtMs = clock.now();
  const vitals = createVitals();
  const redis = connectRedis(config.redis, log);
  const redisForJobs = connectRedisForJobs(config.redis);
  const stores = openStores(redis, config.redis.prefix, {
    copies: config.redis.copies ?? 0,
    halt: config.halt,
    now: () => clock.now(),
    ahead: ({ cluster, sweptAtMs, aheadMs }) =>
      log.error(
        { cluster, sweptAtMs, aheadMs },
        `The last sweep of ${cluster} is dated ${span(aheadMs)} in the future and is ignored: the clock of a replica is wrong; run NTP on all of them`,
      ),
  });
  const hosts = openConfiguredHosts(config, clock);
  const clusters = new Map<string, OpenCluster>(
    config.clusters.map((cluster) => {
      const { name } = cluster.settings;
      const history = async () => (await stores.memory.get(name))?.history;
      const probes = () => stores.probes.get(name);
      return [
        name,
        openCluster({
          config: cluster,
          hosts: hosts.executor,
          clock,
          sweepMs: config.schedule.sweepMs,
          history,
          probes,
        }),
      ];
    }),
  );

  let isReady = false;
  let isSlackThere = () => false;
  let keeper: AuditKeeper | undefined;
  const health = await openHealth();
  const closers: (() => Promise<unknown>)[] = [];
  const stop = once(async () => {
    isReady = false;
    log.info('Stopping');
    for (const close of closers.toReversed()) {
      await inTime(close);
    }
    await inTime(() => Promise.all([hosts, ...clusters.values()].map((each) => each.close())));
    redis.disconnect();
    redisForJobs.disconnect();
    await health?.close();
    log.info('Stopped');
  });

  try {
    await untilThere('Redis', () => reach(redis));
    await reach(redisForJobs);
    await warnOfRedis();
    const queues = openQueues(redis, config.redis.prefix, (error) => {
      log.debug({ err: error }, 'A queue could not be reached');
    });
    closers.push(() => queues.close());
    const jobQueue = openJobQueue(queues);
    // Its own port, so that a lookup before an action never waits behind messages.
    const people = createPeople({
      slack: openSlackPort(config.slack, clock),
      clock,
      people: config.people,
      onFailure: (error) =>
        log.warn({ err: error }, 'Could not ask Slack for the roles of people before an action'),
    });
    const context: BotContext = { config, stores, people, jobQueue, clock, log, clusters, book };

    await stores.audit.append(startedEntry(config, clock.now()));
    const kept = keepAudit(context);
    keeper = kept;
    closers.push(() => kept.stop());

    const slack = await connectSlack(context);
    isSlackThere = slack.isConnected;
    const notifier = createIncidentNotifier({ context, slack: slack.port });
    const speakers: Speakers = {
      tell: (incident) => notifier.tell(incident),
      digest: (slot) => postDigest(context, slack.port, { slot }),
    };
    closers.push(await followHalts(context, redis));
    const workers = startWorkers(context, redisForJobs, speakers, vitals);
    closers.push(() => workers.stop(STOP_MS));
    await workers.ready();

    await takeUp(context, queues);
    await schedule(queues, config);
    closers.push(watchSchedules(context, queues, vitals));
    closers.push(watchPendingUpdates(context));

    // Last, so that the first click finds everybody at work.
    await untilThere('Slack', slack.start);
    closers.push(slack.stop);
    isReady = true;
    log.info({ clusters: [...clusters.keys()] }, 'Watership is running');
    return { ...definite({ healthPort: health?.port }), stop };
  } catch (error) {
    await stop();
    throw error;
  }

  function openHealth(): Promise<HealthServer> | undefined {
    if (config.health === undefined) {
      return undefined;
    }
    const probes = {
      redis: async () => (await redis.ping()) === 'PONG',
      slack: () => isSlackThere(),
      auditMirror: () => keeper?.mirror(),
    };
    return serveHealth({
      listen: config.health,
      report: () => examine({ config, stores, clock }, probes, startedAtMs, vitals),
      isReady: () => isReady,
      vitals,
    });
  }

  function warnOfFiles(): void {
    if (config.sandbox !== undefined) {
      return;
    }
    for (const { path, text } of exposedFiles(config.readFrom ?? [])) {
      log.warn(`${path}: ${text}`);
    }
  }

  async function warnOfRedis(): Promise<void> {
    const { troubles } = await examineRedis(redis, { copies: config.redis.copies ?? 0, now: clock.now });
    for (const { state, text } of troubles) {
      if (state === 'bad') {
        log.error(`Redis: ${text}`);
      } else {
        log.warn(`Redis: ${text}`);
      }
    }
  }

  /** What waits for an outside part that is away must not keep the bot from stopping. */
  async function inTime(close: () => Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    const tooLong = clock.sleep(STOP_MS + 1_000, timer.signal).catch(() => {});
    const closed = close().catch((error: unknown) => {
      log.warn({ err: error }, 'Something did not close cleanly');
    });
    await Promise.race([closed, tooLong]);
    timer.abort();
  }

  /** Waits for an outside part as long as it takes: a bot that gives up at 03:00 is of no use. */
  async function untilThere(what: string, connect: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await connect();
        return;
      } catch (error) {
        if (signal?.aborted) {
          throw error;
        }
        if (attempt === 1) {
          log.error({ err: error }, `${what} cannot be reached; trying again until it can`);
        }
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}

/** The first call connects; after that the connection tries again by itself, and a command tells whether it is there. */
const reach = (redis: Redis): Promise<unknown> => (redis.status === 'wait' ? redis.connect() : redis.ping());

/** What an earlier process left unfinished: runs go on where they stood, and messages catch up. */
async function takeUp(context: BotContext, queues: Queues): Promise<void> {
  const { stores, jobQueue, log, config } = context;
  for (const run of await stores.runs.active()) {
    log.info({ run: run.id, state: run.state }, `Resuming ${run.id}`);
    await forgetLater(queues, run.id);
    await jobQueue.carryOn(run.id);
  }
  for (const { settings } of config.clusters) {
    for (const incident of await stores.incidents.open(settings.name)) {
      await notifySoon(context, incident.id);
    }
  }
  for (const { incident } of await stores.pendingUpdates.list()) {
    await notifySoon(context, incident);
  }
}

/**
 * A halt and its end reach every replica at once: what waits looks again now and not with its next retry. It is no more
 * than a call to look: each write that begins an action asks for the halt itself.
 */
async function followHalts({ stores, jobQueue, config, log }: BotContext, redis: Redis) {
  const listening = redis.duplicate({ enableOfflineQueue: true });
  // The connection of the commands has logged it already.
  listening.on('error', () => {});
  const look = async (cluster: string | undefined): Promise<void> => {
    for (const run of await stores.runs.active(cluster)) {
      await jobQueue.carryOn(run.id);
    }
  };
  await watchHalts(listening, config.redis.prefix, (cluster) => {
    look(cluster).catch((error: unknown) =>
      log.debug({ err: error }, 'The runs could not be told of a halt or of its end'),
    );
  });
  return async () => listening.disconnect();
}

function once(stop: () => Promise<void>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= stop();
    return stopped;
  };
}
