import type { Action } from '../../action.ts';
import type { ClusterPorts } from '../common/ports.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { settleStart } from './node-views.ts';
import { failureText, onNodeHost, outcomeOf } from './on-host.ts';

/** Action that starts RabbitMQ on one node. How the command ended says little about the node: a verify step proves that it runs. */
export const nodeStart: Action<NodeArgs, ClusterPorts> = {
  name: 'node.start',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: 120_000,
  checks: ['The host of the node is configured and has a command for each operation.'],
  undo: 'The node can be stopped again.',
  describe: ({ node }, ports) => nodeText(`Start RabbitMQ on ${node}`, ports, node, ['node.start']),
  precheck: async ({ node }, ports) => hostCheck(ports, node, ['node.start']),
  execute: async ({ node }, ports) => {
    const request = onNodeHost(ports, 'node.start', { node });
    if (request === undefined) {
      return { kind: 'refused', because: `no host is configured for ${node}` };
    }
    const timeoutMs = nodeStart.timeLimitMs;
    const answer = await ports.hosts.run(request, { timeoutMs });
    // A start that was tried and did not succeed is what the fallbacks after it are for; the verify step judges.
    return answer.kind === 'failed'
      ? { kind: 'applied', detail: failureText(request, answer) }
      : outcomeOf(request, answer);
  },
  // Starting a node that is starting does nothing, so it may be asked again.
  reconcile: settleStart,
};
