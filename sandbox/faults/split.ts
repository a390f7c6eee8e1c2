import { allSeeAll, type Cluster } from '../cluster.ts';
import type { RabbitmqNode } from '../rabbitmq-node.ts';
import type { Fault } from './fault.ts';
import { cutOff, joinUp, recordedPartitions, unlinkedPeers } from './link.ts';

/** The link to rabbit45 goes down and stays down. */
export const split: Fault = {
  name: 'split',
  title: 'the link to rabbit45 goes down and stays down until heal',
  async make({ cluster }) {
    const victim = nodeToCutOff(cluster);
    await cutOff(cluster, victim);
    return `${victim.setup.name} and the other nodes no longer see each other. The link stays down until: heal`;
  },
  async heal({ cluster }) {
    const running = cluster.nodes.filter((node) => node.pid() !== undefined);
    if (!(await isDivided(cluster, running))) {
      return undefined;
    }
    for (const node of running) {
      await joinUp(cluster, node);
    }
    // The others are the most: what the cut-off node holds is given up, as a person would.
    const victim = running.find((node) => node === cluster.node(CUT_OFF));
    for (const node of victim === undefined ? running.slice(1) : [victim]) {
      await node.ctl(['stop_app']);
      await node.ctl(['start_app']);
    }
    await allSeeAll({ setup: cluster.setup, nodes: running }, 60_000);
    return 'The link is up and the nodes run as one cluster again.';
  },
};

// As in the handbook.
const CUT_OFF = 'rabbit45';

/** The node that partition and split cut off. */
export function nodeToCutOff(cluster: Cluster): RabbitmqNode {
  const victim = cluster.node(CUT_OFF);
  if (victim === undefined) {
    throw new Error(`The sandbox has no node ${CUT_OFF}`);
  }
  if (victim.pid() === undefined) {
    throw new Error(`${victim.setup.name} is down: heal first`);
  }
  return victim;
}

/** While the link is down nothing is recorded, and once it is back the nodes are linked: ask for both. */
async function isDivided(cluster: Cluster, running: readonly RabbitmqNode[]): Promise<boolean> {
  const names = running.map(({ setup }) => setup.name);
  const troubles = await Promise.all(
    running.flatMap((node) => [unlinkedPeers(cluster, node), recordedPartitions(cluster, node)]),
  );
  return troubles.flat().some((name) => names.includes(name));
}
