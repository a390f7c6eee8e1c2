import type { Action } from '../action.ts';
import { lookUntil } from './ask-nodes.ts';
import { hostCheck, type NodeArgs, nodeArgs, nodeText } from './node-args.ts';
import { viewsOf } from './node-views.ts';
import { onNodeHost, runOnHost } from './on-host.ts';
import type { ClusterPorts } from './ports.ts';

/** Lets a stopped node start next time without waiting for the nodes that stopped after it. */
export const nodeForceBoot: Action<NodeArgs, ClusterPorts> = {
  name: 'node.force_boot',
  tier: 'node',
  args: nodeArgs,
  timeLimitMs: 60_000,
  describe: ({ node }, ports) =>
    nodeText('Let the next start not wait for its peers on', ports, node, ['node.force_boot']),
  precheck: async ({ node }, ports) => {
    const host = hostCheck(ports, node, ['node.force_boot']);
    if (!host.go) return host;
    const { itself } = await viewsOf(node, ports);
    return itself === 'running'
      ? { go: false, because: `${node} runs: there is nothing to force` }
      : { go: true };
  },
  execute: async ({ node }, ports) => {
    const request = onNodeHost(ports, 'node.force_boot', { node });
    if (request === undefined) return { kind: 'refused', because: `no host is configured for ${node}` };
    return await runOnHost(ports, request, nodeForceBoot.timeLimitMs);
  },
  reconcile: async ({ node }, ports) => {
    const running = await lookUntil(ports, nodeForceBoot.timeLimitMs, async () => {
      const views = await viewsOf(node, ports);
      return views.itself === 'running' ? views : undefined;
    });
    // It only leaves a marker on the disk: leaving it twice is leaving it once.
    return running === undefined
      ? { kind: 'not-done', because: `${node} does not run, and the marker cannot be seen from here` }
      : { kind: 'done', because: `${node} runs` };
  },
};
