import { reasonOf } from '../../../rpc/index.ts';
import type { Verdict } from '../../verdict.ts';
import { READ_MS } from './ask-nodes.ts';
import type { ClusterPorts } from './ports.ts';

/** Health checks, both asked of the node that would stop. A broker that does not know one of them (404) guards nothing with it. */
const checks = [
  { name: 'node-is-quorum-critical', takes: 'the quorum of' },
  { name: 'node-is-mirror-sync-critical', takes: 'the last in-sync mirror of' },
] as const;

const NAMED = 5;

/** Verdict on whether the node can stop without removing a quorum or the last in-sync mirror. No answer is no. */
export async function isDispensable(node: string, ports: ClusterPorts): Promise<Verdict> {
  const api = ports.management.find((each) => each.node === node);
  if (api === undefined) {
    return { go: false, because: `${node} is not a configured node` };
  }
  for (const { name, takes } of checks) {
    try {
      const { kind, items = [], reason } = await api.healthCheck(name, { timeoutMs: READ_MS });
      if (kind !== 'failed') {
        continue;
      }
      const named = items.slice(0, NAMED).join(', ');
      const more = items.length > NAMED ? ` and ${items.length - NAMED} more` : '';
      return {
        go: false,
        because: `stopping it would remove ${takes} ${named === '' ? (reason ?? 'queues that the broker does not name') : named}${more}`,
      };
    } catch (error) {
      return {
        go: false,
        because: `${node} does not report whether it can stop safely (${name}): ${reasonOf(error)}`,
      };
    }
  }
  return { go: true };
}
