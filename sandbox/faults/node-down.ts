import { allSeeAll } from '../cluster.ts';
import type { Fault } from './fault.ts';

/** A node's process is gone, as after a crash. */
export const nodeDown: Fault = {
  name: 'node-down',
  title: 'the process of rabbit46 is killed',
  async make({ cluster }) {
    const victim = cluster.node('rabbit46');
    if (victim === undefined) {
      throw new Error('The sandbox has no node rabbit46');
    }
    if (victim.pid() === undefined) {
      return `${victim.setup.name} is down already.`;
    }
    await victim.crash();
    return `${victim.setup.name} was killed and is not started again.`;
  },
  async heal({ cluster }) {
    const down = cluster.nodes.filter((node) => node.pid() === undefined);
    if (down.length === 0) {
      return undefined;
    }
    // Together: a node that stopped last may be waiting for another, and the other for it.
    await Promise.all(down.map((node) => node.start()));
    await allSeeAll(cluster, 60_000).catch(() => undefined);
    return `Started: ${down.map(({ setup }) => setup.name).join(', ')}.`;
  },
};
