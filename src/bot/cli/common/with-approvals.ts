import { userInfo } from 'node:os';
import { reasonOf } from '../../../rpc/index.ts';
import { book } from '../../../runbooks/index.ts';
import { createPeople } from '../../approvals/people.ts';
import type { Caller } from '../../approvals/rules/caller.ts';
import { createTransitions, type Transitions } from '../../approvals/transitions.ts';
import { openCluster } from '../../cluster/clusters.ts';
import { openConfiguredHosts } from '../../cluster/hosts.ts';
import type { BotConfig } from '../../config/config.ts';
import type { BotContext } from '../../context.ts';
import { openJobQueue, openQueues } from '../../jobs/queues.ts';
import { openSlack } from '../../open-slack.ts';
import { createLog } from '../../process/log.ts';
import { systemClock } from '../../process/system-clock.ts';
import { connectRedis, tellRedis } from '../../stores/connection/connect.ts';
import { openStores } from '../../stores/open.ts';

/**
 * Caller at this terminal, as approvals see them: the Slack user that the configuration names for them, so that one
 * person has one vote on all surfaces. Somebody whom it does not name has no rights beyond those of everybody.
 */
function terminalCaller(config: BotConfig, user: string = userInfo().username): Caller {
  const name = `cli:${user}`;
  return { user: config.people.cli[user] ?? name, surface: { kind: 'terminal', name } };
}

/** The same approvals that Slack's buttons use, for one command. */
export async function withApprovals<Answer>(
  config: BotConfig,
  work: (transitions: Transitions, caller: Caller) => Promise<Answer>,
): Promise<Answer> {
  const log = createLog('silent');
  const redis = connectRedis(config.redis, log);
  const closers: (() => Promise<unknown>)[] = [];
  try {
    await redis.connect();
    const stores = openStores(redis, config.redis.prefix, {
      copies: config.redis.copies ?? 0,
      halt: config.halt,
    });
    const queues = openQueues(redis, config.redis.prefix, () => undefined);
    closers.push(() => queues.close());
    const hosts = openConfiguredHosts(config, systemClock);
    closers.push(() => hosts.close());
    const clusters = new Map(
      config.clusters.map((cluster) => {
        const { name } = cluster.settings;
        const history = async () => (await stores.memory.get(name))?.history;
        const { sweepMs } = config.schedule;
        const open = openCluster({
          config: cluster,
          hosts: hosts.executor,
          clock: systemClock,
          sweepMs,
          history,
        });
        closers.push(() => open.close());
        return [name, open] as const;
      }),
    );
    const slack = await openSlack(config.slack, systemClock);
    const people = createPeople({ slack, clock: systemClock, people: config.people });
    const jobQueue = openJobQueue(queues);
    const context: BotContext = {
      config,
      stores,
      people,
      jobQueue,
      clock: systemClock,
      log,
      clusters,
      book,
    };
    return await work(createTransitions(context, people), terminalCaller(config));
  } catch (error) {
    if (redis.status === 'ready') {
      throw error;
    }
    const why = reasonOf(error);
    throw new Error(`Redis at ${tellRedis(config.redis)} cannot be reached: ${why}`, { cause: error });
  } finally {
    await Promise.allSettled(closers.map((close) => close()));
    redis.disconnect();
  }
}
