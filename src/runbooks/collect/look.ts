import { definite, type ManagementApi, type QueueDetailRow } from '../../rpc/index.ts';
import type { ClusterPorts } from '../actions/common/ports.ts';
import {
  type Answer,
  type Answered,
  type Answers,
  type Look,
  lookKey,
  type QueueDetail,
  type Unseen,
} from '../look.ts';
import type { Limits } from './collect-node.ts';
import { lookAtConnection } from './look-connection.ts';
import { lookAtSide } from './look-side.ts';
import { queueType } from './merge.ts';
import { messageOf } from './node-view.ts';
import { lookReachedBy } from './reached-by.ts';

/** Answers to all looks, made at once, each within the deadline. A look that fails is unseen, and says why. */
export async function lookAt(
  looks: readonly Look[],
  ports: ClusterPorts,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal?: AbortSignal },
): Promise<Answered> {
  const endsAtMs = ports.clock.now() + deadlineMs;
  const left = (): Limits => ({
    timeoutMs: endsAtMs - ports.clock.now(),
    ...definite({ signal }),
  });
  const answers = await Promise.all(
    looks.map(async (look) => {
      const answer = await answerTo(look, ports, left).catch((thrown: unknown) => unseen(messageOf(thrown)));
      return [lookKey(look), answer] as const;
    }),
  );
  return Object.fromEntries(answers);
}

async function answerTo(look: Look, ports: ClusterPorts, left: () => Limits): Promise<Answer> {
  switch (look.look) {
    case 'queue':
      return lookAtQueue(ports.management, look.vhost, look.name, left());
    case 'bindings':
      return lookAtBindings(ports.management, look.vhost, look.queue, left());
    case 'connection':
      return lookAtConnection(ports.management, look.name, left);
    case 'probe': {
      const { look: _, ...probe } = look;
      const { verdict, tookMs, how } = await ports.probe({ ...probe, timeoutMs: left().timeoutMs });
      return { kind: 'probe', verdict, tookMs, how };
    }
    case 'side':
      return withApi(ports, look.node, (api) => lookAtSide(api, left()));
    case 'stop-is-safe':
      return withApi(ports, look.node, (api) => lookWhetherStopIsSafe(api, left()));
    case 'reached-by':
      return lookReachedBy(ports, left());
    case 'partition-handling':
      return lookAtPartitionHandling(ports, look.node, left());
  }
}

/** Answer about one queue, asked by itself and not from the cached listing, on every node: while a cluster is split they differ. */
async function lookAtQueue(
  apis: readonly ManagementApi[],
  vhost: string,
  name: string,
  limits: Limits,
): Promise<Answers['queue'] | Unseen> {
  const read = await Promise.allSettled(apis.map((api) => api.queue(vhost, name, limits)));
  const byNode = read.flatMap((result, index) => {
    const node = apis[index]?.node ?? '';
    if (result.status === 'rejected') {
      return [];
    }
    return [result.value === undefined ? { node } : { node, row: queueDetail(result.value, node) }];
  });
  return byNode.length > 0 ? { kind: 'queue', byNode } : unseen(reasonsOf(read));
}

function queueDetail(row: QueueDetailRow, node: string): QueueDetail {
  const { type, exclusive, durable, arguments: given, ...same } = row;
  const { 'x-expires': expiresMs } = given;
  return {
    ...same,
    seenBy: node,
    ...(type === undefined ? {} : { type: queueType(type) }),
    ...definite({ isExclusive: exclusive, isDurable: durable }),
    ...(typeof expiresMs === 'number' ? { expiresMs } : {}),
  };
}

/** Bindings from the first node that answers: they are the same all over a side. */
async function lookAtBindings(
  apis: readonly ManagementApi[],
  vhost: string,
  queue: string,
  limits: Limits,
): Promise<Answers['bindings'] | Unseen> {
  const read = apis.map((api) => api.bindingsOfQueue(vhost, queue, limits));
  try {
    const rows = await Promise.any(read);
    return {
      kind: 'bindings',
      bindings: rows
        .filter(({ source }) => source !== '')
        .map(({ source, routingKey }) => ({ exchange: source, routingKey })),
    };
  } catch {
    return unseen(reasonsOf(await Promise.allSettled(read)));
  }
}

/** Answer of the node that would stop. A check that the broker's version does not have guards nothing there. */
async function lookWhetherStopIsSafe(api: ManagementApi, limits: Limits): Promise<Answers['stop-is-safe']> {
  const checks = await Promise.all([
    api.healthCheck('node-is-quorum-critical', limits),
    api.healthCheck('node-is-mirror-sync-critical', limits),
  ]);
  const failed = checks.filter(({ kind }) => kind === 'failed');
  const critical = failed.flatMap(({ items, reason }) =>
    items !== undefined && items.length > 0 ? items : [reason ?? 'the broker does not say which'],
  );
  return { kind: 'stop-is-safe', isSafe: failed.length === 0, critical };
}

/** Partition handling, asked on the node's host because the management API does not report it; else what the operator told. */
async function lookAtPartitionHandling(
  ports: ClusterPorts,
  node: string,
  limits: Limits,
): Promise<Answers['partition-handling'] | Unseen> {
  const { partitionHandling, nodes } = ports.settings;
  const host = nodes.find(({ name }) => name === node)?.host;
  const told =
    partitionHandling === undefined
      ? undefined
      : ({ kind: 'partition-handling', mode: partitionHandling } as const);
  if (host === undefined) {
    return told ?? unseen(`the configuration names no host for ${node}`);
  }
  const answer = await ports.hosts.run(
    { host, operation: 'node.partition_handling', args: { node } },
    limits,
  );
  const mode = answer.kind === 'done' ? partitionHandlingIn(answer.output) : undefined;
  if (mode !== undefined) {
    return { kind: 'partition-handling', mode };
  }
  const came = 'output' in answer ? answer.output.trim().slice(0, 200) : answer.because;
  return told ?? unseen(`host ${host} did not report cluster_partition_handling: ${came}`);
}

/** Reads `{ok,ignore}` and `{ok,{pause_if_all_down,[…],autoheal}}`. */
export const partitionHandlingIn = (output: string): string | undefined =>
  /\{ok,\s*(?:\{\s*)?([a-z_]+)/.exec(output)?.[1];

async function withApi<T>(
  ports: ClusterPorts,
  node: string,
  ask: (api: ManagementApi) => Promise<T>,
): Promise<T | Unseen> {
  const api = ports.management.find((each) => each.node === node);
  return api === undefined ? unseen(`${node} is not a configured node`) : ask(api);
}

const reasonsOf = (results: readonly PromiseSettledResult<unknown>[]): string =>
  results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : [])).join('; ') ||
  'no node is configured';

const unseen = (because: string): Unseen => ({ kind: 'unseen', because });
