import type { Action } from '../action.ts';
import type { ClusterPorts } from './common/ports.ts';
import { connectionClose } from './connection-close.ts';
import { nodeForceBoot } from './nodes/node-force-boot.ts';
import { nodeRejoin } from './nodes/node-rejoin.ts';
import { nodeStart } from './nodes/node-start.ts';
import { nodeStop } from './nodes/node-stop.ts';
import { queueBind } from './queues/queue-bind.ts';
import { queueDelete, queueDeleteQuorum } from './queues/queue-delete.ts';
import { serviceRestart } from './service-restart.ts';

/** Action with the type of its arguments erased: only what its own schema has parsed is handed to it. */
export type ErasedAction = Action<unknown, ClusterPorts>;

// Each function of an action is called with what the action's own schema has made, so its arguments fit.
const erased = <Args>(action: Action<Args, ClusterPorts>): ErasedAction => action as unknown as ErasedAction;

/** Everything the product can do to a cluster. */
export const allActions: readonly ErasedAction[] = [
  erased(queueDelete),
  erased(queueDeleteQuorum),
  erased(queueBind),
  erased(connectionClose),
  erased(serviceRestart),
  erased(nodeStop),
  erased(nodeStart),
  erased(nodeForceBoot),
  erased(nodeRejoin),
];
