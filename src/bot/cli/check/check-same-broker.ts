import { openManagement } from '../../../rpc/index.ts';
import { managementOf } from '../../cluster/cluster-transport.ts';
import type { BotConfig, ClusterConfig } from '../../config/config.ts';
import { bad, CHECK_LIMIT_MS, type Check, type CheckVerdict, ok, warning } from '../../ports/check-line.ts';
import { systemClock } from '../../process/system-clock.ts';

/** The age of a process is as of the last statistics tick, which is every five seconds. */
const SAME_START_MS = 6_000;

/**
 * Is a broker in two clusters of the file, by other addresses of the same machines? Each cluster has a turn, a halt and limits of
 * its own, and such a broker would have all of them twice. Asked only where clusters have a node's name in common,
 * which is usual: the process behind it tells.
 */
export function* sameBrokerChecks({ clusters }: BotConfig): Iterable<Check> {
  for (const [index, one] of clusters.entries()) {
    for (const other of clusters.slice(index + 1)) {
      const shared = namesOf(one).find((name) => namesOf(other).includes(name));
      if (shared === undefined) {
        continue;
      }
      const what = `clusters ${one.settings.name} and ${other.settings.name}`;
      yield { what, ask: () => compare(shared, one, other) };
    }
  }
}

const namesOf = ({ nodes }: ClusterConfig): readonly string[] => nodes.map(({ name }) => name);

async function compare(node: string, one: ClusterConfig, other: ClusterConfig): Promise<CheckVerdict> {
  const [first, second] = await Promise.all([processOf(node, one), processOf(node, other)]);
  if (first === undefined || second === undefined) {
    return warning(`both have a node ${node}; whether it is the same one could not be checked now`);
  }
  const isSame =
    first.osPid === second.osPid && Math.abs(first.startedAtMs - second.startedAtMs) < SAME_START_MS;
  return isSame
    ? bad(
        `${node} is the same process in both: they would repair it at the same time. Remove one of the two clusters`,
      )
    : ok(`both have a node ${node}, but on two different brokers`);
}

/** A node's process, as any node of its cluster sees it. */
async function processOf(node: string, cluster: ClusterConfig) {
  const answers = cluster.nodes.map(async (asked) => {
    const rows = await openManagement(managementOf(cluster, asked)).nodes({ timeoutMs: CHECK_LIMIT_MS });
    const row = rows.find(({ name }) => name === node);
    if (row?.osPid === undefined || row.uptimeMs === undefined) {
      throw new Error(`the API gives no process id and uptime for ${node}`);
    }
    return { osPid: row.osPid, startedAtMs: systemClock.now() - row.uptimeMs };
  });
  // Who does not answer has a line of its own.
  return Promise.any(answers).catch(() => undefined);
}
