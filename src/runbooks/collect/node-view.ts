import { definite, ManagementError, type NodeRow, type Overview } from '../../rpc/index.ts';
import type { NodeSilence, NodeView } from '../snapshot/snapshot.ts';
import { counted } from '../wording/words.ts';
import type { CollectNode, Limits } from './collect-node.ts';
import { epmdNames } from './epmd.ts';

/** A port that takes longer than this to open is not quick, and proves nothing about a hanging API behind it. */
const QUICK_PORT_MS = 1_000;

/**
 * Asks one node how it sees the cluster; never fails, because silence is an answer of its own. `onList` is called as soon as
 * its list of the nodes is there, before it is known whether the list contains the node itself.
 */
export async function nodeView(
  node: CollectNode,
  limits: Limits,
  now: () => number,
  onList: () => void,
): Promise<NodeView> {
  const beganMs = now();
  const list = async (): Promise<readonly NodeRow[]> => {
    const rows = await node.management.nodes(limits);
    onList();
    return rows;
  };
  // Side by side, and the overview may fail alone: it adds totals and versions, and the name of the node that answers.
  const [rows, overview] = await Promise.allSettled([list(), node.management.overview(limits)]);
  if (rows.status === 'rejected') {
    return { name: node.name, ...(await silence(node, rows.reason, limits)) };
  }
  const other = overview.status === 'fulfilled' ? otherNode(node, overview.value) : undefined;
  if (other !== undefined) {
    return wrongNode(node, other);
  }
  // Every node lists itself, a young one too. A list without it, such as an empty one, says nothing about the cluster.
  if (!rows.value.some(({ name }) => name === node.name)) {
    return notItself(node, rows.value, limits);
  }
  const said: Partial<Overview> = overview.status === 'fulfilled' ? overview.value : {};
  const { rabbitmqVersion, erlangVersion, statisticsBacklog, totals } = said;
  return {
    name: node.name,
    vm: 'registered',
    answer: {
      kind: 'answered',
      tookMs: now() - beganMs,
      peers: rows.value,
      ...definite({ rabbitmqVersion, erlangVersion, statisticsBacklog, totals }),
    },
  };
}

/** The name under which another node answers; an overview without a name proves nothing, and hides no node. */
const otherNode = ({ name }: CollectNode, { node }: Overview): string | undefined =>
  node === '' || node === name ? undefined : node;

/** View of a node at whose address another one answers: that view must not count twice, nor stand in for a node that was not read. */
const wrongNode = ({ name }: CollectNode, answeredAs: string): NodeView => ({
  name,
  // The epmd is asked at the same host by default, and so may belong to the other node as well.
  vm: 'unknown',
  answer: {
    kind: 'silent',
    why: 'wrong-node',
    message: `the node ${answeredAs} answers at the management URL of ${name}`,
    answeredAs,
  },
});

const notItself = async (node: CollectNode, rows: readonly NodeRow[], limits: Limits): Promise<NodeView> => ({
  name: node.name,
  vm: await vmOf(node, quick(limits)),
  answer: {
    kind: 'silent',
    why: 'not-itself',
    message: `GET /api/nodes on ${node.name}: its list of ${counted(rows.length, 'node')} does not contain the node itself`,
  },
});

async function silence(
  node: CollectNode,
  thrown: unknown,
  limits: Limits,
): Promise<{ readonly answer: NodeSilence; readonly vm: NodeView['vm'] }> {
  const why = thrown instanceof ManagementError ? thrown.why : 'unreachable';
  const [vm, portOpen] = await Promise.all([
    vmOf(node, quick(limits)),
    why === 'timeout' ? node.management.portOpen?.(quick(limits)).catch(() => false) : undefined,
  ]);
  return {
    vm,
    answer: {
      kind: 'silent',
      why,
      message: messageOf(thrown),
      ...definite({ portOpen }),
    },
  };
}

const quick = ({ signal }: Limits): Limits => ({
  timeoutMs: QUICK_PORT_MS,
  ...definite({ signal }),
});

async function vmOf(node: CollectNode, limits: Limits): Promise<NodeView['vm']> {
  if (node.epmd === undefined) {
    return 'unknown';
  }
  const names = await epmdNames(node.epmd, limits);
  if (names === undefined) {
    return 'unknown';
  }
  return names.includes(node.name.replace(/@.*$/, '')) ? 'registered' : 'absent';
}

/** One sentence; our own errors are written for people, a stranger's are only named. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof ManagementError ? thrown.message : `unexpected error: ${String(thrown)}`;
