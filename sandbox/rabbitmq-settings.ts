import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RabbitmqPrograms } from './rabbitmq-programs.ts';

/** What the nodes of one cluster share. */
export interface ClusterSetup {
  readonly programs: RabbitmqPrograms;
  readonly folder: string;
  /** Erlang's HOME: it holds the cookie. */
  readonly home: string;
  readonly epmdPort: number;
  readonly username: string;
  readonly password: string;
}

/** One node's name and ports. */
export interface NodeSetup {
  readonly name: string;
  readonly amqpPort: number;
  readonly managementPort: number;
  readonly metricsPort: number;
  readonly distPort: number;
}

/** What the nodes get on top of the settings that all of ours have. */
export interface MoreSettings {
  readonly plugins?: readonly string[];
  /** Lines of rabbitmq.conf. */
  readonly lines?: readonly string[];
}

// One scheduler a node: three nodes share a small machine, and they start faster so.
const ERLANG_ARGUMENTS = '+S 1:1 +A 8 -kernel inet_dist_use_interface {127,0,0,1}';

/** Folders of one node. */
export function nodeFolders(cluster: ClusterSetup, node: NodeSetup) {
  const base = join(cluster.folder, node.name.split('@')[0] ?? node.name);
  return {
    base,
    data: join(base, 'data'),
    logs: join(base, 'logs'),
    config: join(base, 'rabbitmq.conf'),
    plugins: join(base, 'enabled_plugins'),
    output: join(base, 'output.log'),
  };
}

/** Writes a node's configuration files. `peers` are all nodes of the cluster, or nobody. */
export function writeNodeSettings(
  cluster: ClusterSetup,
  node: NodeSetup,
  peers: readonly string[],
  more: MoreSettings = {},
): void {
  const folders = nodeFolders(cluster, node);
  mkdirSync(join(folders.base, 'conf.d'), { recursive: true });
  mkdirSync(folders.logs, { recursive: true });
  const plugins = ['rabbitmq_management', 'rabbitmq_prometheus', ...(more.plugins ?? [])];
  writeFileSync(folders.plugins, `[${plugins.join(',')}].\n`);
  writeFileSync(join(folders.base, 'advanced.config'), '[].\n');
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${node.amqpPort}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${node.managementPort}`,
    'prometheus.tcp.ip = 127.0.0.1',
    `prometheus.tcp.port = ${node.metricsPort}`,
    // The default of 5 seconds would make a sandbox that shows what you did long after you did it.
    'collect_statistics_interval = 1000',
    'cluster_partition_handling = ignore',
    `default_user = ${cluster.username}`,
    `default_pass = ${cluster.password}`,
    'log.file.level = info',
    // Three nodes on one machine: none may take what the others need.
    'vm_memory_high_watermark.absolute = 512MB',
    'disk_free_limit.absolute = 50MB',
    ...(peers.length === 0 ? [] : ['cluster_formation.peer_discovery_backend = classic_config']),
    ...peers.map((peer, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${peer}`),
    ...(peers.length === 0
      ? []
      : [
          // The nodes take turns by a lock; the usual random wait of 5 to 60 seconds is for clusters without one.
          'cluster_formation.randomized_startup_delay_range.min = 0',
          'cluster_formation.randomized_startup_delay_range.max = 1',
        ]),
    ...(more.lines ?? []),
  ];
  writeFileSync(folders.config, `${lines.join('\n')}\n`);
}

/** The environment in which RabbitMQ's programs find this node and nothing of the system's. */
export function nodeEnvironment(cluster: ClusterSetup, node: NodeSetup): Readonly<Record<string, string>> {
  const folders = nodeFolders(cluster, node);
  return {
    HOME: cluster.home,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(cluster.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // No Erlang may start an epmd of its own, which would outlive us. Once a minute a node starts one that looks whether
    // there is an epmd: hence in the environment, and not only on the node's own command line.
    ERL_AFLAGS: '-start_epmd false',
    RABBITMQ_NODENAME: node.name,
    RABBITMQ_DIST_PORT: String(node.distPort),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: folders.config,
    RABBITMQ_CONFIG_FILES: join(folders.base, 'conf.d', '*.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folders.base, 'advanced.config'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folders.base, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(folders.base, 'schema'),
    RABBITMQ_ENABLED_PLUGINS_FILE: folders.plugins,
    RABBITMQ_MNESIA_BASE: folders.base,
    RABBITMQ_MNESIA_DIR: folders.data,
    RABBITMQ_FEATURE_FLAGS_FILE: join(folders.base, 'feature_flags'),
    RABBITMQ_PLUGINS_EXPAND_DIR: join(folders.base, 'plugins-expand'),
    RABBITMQ_PID_FILE: join(folders.base, 'pid'),
    RABBITMQ_LOG_BASE: folders.logs,
    // Makes the start script become the Erlang machine instead of staying in front of it: our pid is the node's.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: ERLANG_ARGUMENTS,
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // Wide: every rabbitmqctl that runs takes one, and several sandboxes may run at once.
    RABBITMQ_CTL_DIST_PORT_MIN: '33000',
    RABBITMQ_CTL_DIST_PORT_MAX: '33999',
  };
}
