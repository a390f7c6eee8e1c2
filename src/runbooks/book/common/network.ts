import type { InspectStep } from '../../runbook.ts';
import { matrix } from '../../snapshot/views.ts';

/** Parts that the runbooks about nodes and the network between them share. */

/** Runbooks whose findings are symptoms of a node that does not serve. */
export const symptomsOfNode = [
  'deaf-service',
  'unbound-service',
  'backlog',
  'zombie-queue',
  'orphan-reply',
] as const;

/** Runbooks whose findings are symptoms of nodes that do not reach each other. */
export const symptomsOfNetwork = [
  'autoheal',
  'node-down',
  'paused-minority',
  ...symptomsOfNode,
  'channel-leak',
] as const;

/** Step that shows every node's own view of the others. */
export const whoSeesWhom: InspectStep<unknown> = {
  kind: 'inspect',
  id: 'views',
  title: () => 'Ask every node which nodes it sees',
  show: ({ now }) => ({ title: 'Which nodes see each other', lines: matrix(now.snapshot) }),
};

/** The same step where some nodes give no answer: what came instead matters as much. */
export const whatNodesSaid: InspectStep<unknown> = {
  ...whoSeesWhom,
  title: () => 'Ask every node',
  show: ({ now }) => ({ title: 'What the nodes answered', lines: matrix(now.snapshot) }),
};
