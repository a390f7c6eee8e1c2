import { backlog } from './backlog.ts';
import { channelLeak } from './channel-leak.ts';
import { deafService } from './deaf-service.ts';
import type { Fault } from './fault.ts';
import { nodeDown } from './node-down.ts';
import { partition } from './partition.ts';
import { redisCrash } from './redis-crash.ts';
import { split } from './split.ts';
import { unbound } from './unbound.ts';
import { zombieQueue } from './zombie-queue.ts';

/** Every fault, in the order in which they are healed: nodes first, links next, services last. */
export const faults: readonly Fault[] = [
  nodeDown,
  partition,
  split,
  unbound,
  channelLeak,
  deafService,
  backlog,
  zombieQueue,
  redisCrash,
];

/** One fault a line, for help and for an unknown name. */
export const faultList: string = faults.map(({ name, title }) => `  ${name.padEnd(13)} ${title}`).join('\n');
