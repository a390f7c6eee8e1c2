import type { Cluster } from '../cluster.ts';
import type { RabbitmqNode } from '../rabbitmq-node.ts';
import { evaluate } from '../rabbitmqctl.ts';

/**
 * Cuts a node off from its peers, for real and without root: it is given a wrong cookie for each of them and the
 * connections are closed. Neither side can connect again.
 */
export async function cutOff(cluster: Cluster, node: RabbitmqNode): Promise<void> {
  await evaluate(
    cluster.setup,
    node.setup,
    `Ns=${peersOf(cluster, node)}, [erlang:set_cookie(N,'CUT_OFF') || N <- Ns], [erlang:disconnect_node(N) || N <- Ns].`,
  );
}

/** Gives a node its peers' cookie back and connects to them. */
export async function joinUp(cluster: Cluster, node: RabbitmqNode): Promise<void> {
  await evaluate(
    cluster.setup,
    node.setup,
    `Ns=${peersOf(cluster, node)}, C=erlang:get_cookie(), [erlang:set_cookie(N,C) || N <- Ns], [net_adm:ping(N) || N <- Ns].`,
  );
}

/** Peers that a running node is not connected to. */
export async function unlinkedPeers(cluster: Cluster, node: RabbitmqNode): Promise<readonly string[]> {
  const answer = await evaluate(
    cluster.setup,
    node.setup,
    `[io_lib:format("~s", [N]) || N <- ${peersOf(cluster, node)}, not lists:member(N, nodes())].`,
  );
  return cluster.nodes.map(({ setup }) => setup.name).filter((name) => answer.includes(name));
}

/** Peers with which a running node has recorded a partition. */
export async function recordedPartitions(cluster: Cluster, node: RabbitmqNode): Promise<readonly string[]> {
  const answer = await evaluate(cluster.setup, node.setup, 'rabbit_node_monitor:partitions().');
  return cluster.nodes.map(({ setup }) => setup.name).filter((name) => answer.includes(name));
}

function peersOf(cluster: Cluster, node: RabbitmqNode): string {
  const peers = cluster.nodes.filter((other) => other !== node).map(({ setup }) => `'${setup.name}'`);
  return `[${peers.join(',')}]`;
}
