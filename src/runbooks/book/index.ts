import type { Runbook } from '../runbook.ts';
import { autoheal } from './autoheal.ts';
import { backlog } from './backlog.ts';
import { cannotSee } from './cannot-see.ts';
import { channelLeak } from './channel-leak.ts';
import { deafService } from './deaf-service.ts';
import { linkDown } from './link-down.ts';
import { nodeDown } from './node-down.ts';
import { orphanReply } from './orphan-reply.ts';
import { partition } from './partition.ts';
import { pausedMinority } from './paused-minority.ts';
import { silentDrop } from './silent-drop.ts';
import { unboundService } from './unbound-service.ts';
import { zombieQueue } from './zombie-queue.ts';

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
