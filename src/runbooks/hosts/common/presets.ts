import type { HostOperation } from './host.ts';

export const presetNames = ['systemd', 'kolla-docker', 'kolla-podman', 'kubernetes', 'custom'] as const;

export type PresetName = (typeof presetNames)[number];

/**
 * Argv templates by operation. `{node}`, `{peer}`, `{service}`, `{pid}`, `{path}`, `{host}`, `{pod}` (the first label of the
 * node's host) and `{namespace}` are filled in.
 */
export type OperationTemplates = Readonly<Partial<Record<HostOperation, readonly string[]>>>;

export const hostOperations = [
  'node.stop',
  'node.start',
  'node.restart',
  'node.force_boot',
  'node.stop_app',
  'node.start_app',
  'node.reset',
  'node.join_cluster',
  'node.partition_handling',
  'service.restart',
  'service.status',
  'host.facts',
  'file.read',
] as const satisfies readonly HostOperation[];

/** The operations that `rabbitmqctl` does on a running Erlang VM, behind whatever reaches it. */
const controlled = (...reach: readonly string[]): OperationTemplates => {
  const ctl = [...reach, 'rabbitmqctl', '-n', '{node}'];
  return {
    'node.stop_app': [...ctl, 'stop_app'],
    'node.start_app': [...ctl, 'start_app'],
    'node.reset': [...ctl, 'reset'],
    'node.join_cluster': [...ctl, 'join_cluster', '{peer}'],
    'node.partition_handling': [...ctl, 'eval', 'application:get_env(rabbit, cluster_partition_handling).'],
  };
};

/** Kolla runs RabbitMQ in a container `rabbitmq` with a volume of the same name. */
const kolla = (engine: string, volumes: string): OperationTemplates => ({
  ...controlled(engine, 'exec', 'rabbitmq'),
  'node.stop': [engine, 'stop', 'rabbitmq'],
  'node.start': [engine, 'start', 'rabbitmq'],
  'node.restart': [engine, 'restart', 'rabbitmq'],
  // What `rabbitmqctl force_boot` does, which cannot run in a stopped container: it leaves this marker.
  'node.force_boot': ['touch', `${volumes}/rabbitmq/_data/mnesia/{node}/force_load`],
  'service.restart': [engine, 'restart', '{service}'],
  'service.status': [engine, 'inspect', '--format', '{{.State.Status}}', '{service}'],
});

const kubectl = ['kubectl', '-n', '{namespace}'];
const inPod = controlled(...kubectl, 'exec', '{pod}', '-c', 'rabbitmq', '--');
const { 'node.stop_app': stopApp = [], 'node.start_app': startApp = [] } = inPod;

/** RabbitMQ in a StatefulSet, by the pods' names; `kubectl` runs on the host of the entry. */
const kubernetes: OperationTemplates = {
  ...inPod,
  // A pod that is stopped comes back by itself, so RabbitMQ stops inside it, and its Erlang VM lives on.
  'node.stop': stopApp,
  'node.start': startApp,
  'node.restart': [...kubectl, 'delete', 'pod', '{pod}', '--wait=false'],
  'node.force_boot': [...stopApp.slice(0, -1), 'force_boot'],
  'service.restart': [...kubectl, 'rollout', 'restart', '{service}'],
  'service.status': [...kubectl, 'rollout', 'status', '{service}', '--watch=false'],
};

/** How the usual installations do each operation, as data. `custom` knows nothing: the configuration says it all. */
export const presets: Readonly<Record<PresetName, OperationTemplates>> = {
  systemd: {
    ...controlled(),
    'node.stop': ['systemctl', 'stop', 'rabbitmq-server'],
    // Without waiting: a node that waits for its peers would hold the command for minutes. The verify step waits.
    'node.start': ['systemctl', '--no-block', 'start', 'rabbitmq-server'],
    'node.restart': ['systemctl', '--no-block', 'restart', 'rabbitmq-server'],
    'node.force_boot': ['rabbitmqctl', '-n', '{node}', 'force_boot'],
    'service.restart': ['systemctl', 'restart', '{service}'],
    'service.status': ['systemctl', 'is-active', '{service}'],
  },
  'kolla-docker': kolla('docker', '/var/lib/docker/volumes'),
  'kolla-podman': kolla('podman', '/var/lib/containers/storage/volumes'),
  kubernetes,
  custom: {},
};

/**
 * A preset's operations in the order of the list, for the documents. Without a template, `file.read` and
 * `host.facts` read by themselves.
 */
export function describePreset(
  name: PresetName,
): readonly { readonly operation: HostOperation; readonly argv: readonly string[] }[] {
  return hostOperations.flatMap((operation) => {
    const argv = presets[name][operation];
    return argv === undefined ? [] : [{ operation, argv }];
  });
}
