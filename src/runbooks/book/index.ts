import type { Runbook } from '../runbook.ts';
import { backlog } from './backlog/backlog.ts';
import { channelLeak } from './channels/channel-leak.ts';
import { orphanReply } from './dead-queues/orphan-reply.ts';
import { zombieQueue } from './dead-queues/zombie-queue.ts';
import { cannotSee } from './nodes/cannot-see.ts';
import { nodeDown } from './nodes/node-down.ts';
import { pausedMinority } from './nodes/paused-minority.ts';
import { silentDrop } from './nodes/silent-drop.ts';
import { autoheal } from './partition/autoheal.ts';
import { linkDown } from './partition/link-down.ts';
import { partition } from './partition/partition.ts';
import { deafService } from './services/deaf-service.ts';
import { unboundService } from './services/unbound-service.ts';

/** Every runbook, causes before symptoms. */
export const book: readonly Runbook[] = [
  partition,
  linkDown,
  silentDrop,
  autoheal,
  pausedMinority,
  nodeDown,
  cannotSee,
  channelLeak,
  deafService,
  unboundService,
  zombieQueue,
  orphanReply,
  backlog,
];

/** The runbook with this id; undefined for one that this version of the book no longer has. */
export const runbookOf = (id: string): Runbook | undefined => book.find((runbook) => runbook.id === id);
