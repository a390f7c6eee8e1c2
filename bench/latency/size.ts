/** How much the bot has to carry while its answers are timed. */
export const size = {
  clusters: 10,
  nodesPerCluster: 3,
  /** Each is a family of fanout queues of its own, and so an incident of its own. */
  zombiesPerCluster: 100,
  readQueuesPerCluster: 300,
  connectionsPerCluster: 200,
  sweep: '1s',
} as const;

export const clusterNames: readonly string[] = Array.from(
  { length: size.clusters },
  (_, index) => `cluster-${index + 1}`,
);

/** The members of a cluster, by its number. */
export const nodesOf = (cluster: number): readonly string[] =>
  Array.from({ length: size.nodesPerCluster }, (_, index) => `rabbit${index + 1}@c${cluster + 1}`);
