import type { Redis } from 'ioredis';
import { span } from '../../wording/words.ts';
import { OutcomeUnknown, type StoreConnection } from './store-connection.ts';

/** Redis took a change and cannot say that a replica has it: if this Redis fails now, the change may be lost. */
export class NotReplicated extends Error {
  override readonly name = 'NotCopied';
}

/** How many replicas must have a change before it counts. */
export interface Replicas {
  /** Sends a command and waits until its change is on the replicas. Throws `NotCopied` when it is not: nobody may act on it. */
  confirmed<Answer>(send: (redis: Redis) => Promise<Answer>): Promise<Answer>;
}

/** Long enough for a replica that is there, short enough for a person who waits. */
const COPY_MS = 1_000;

/** Replicas as Redis' WAIT counts them; `needed` 0 counts none. */
export function openReplicas(connection: StoreConnection, needed: number): Replicas {
  return {
    async confirmed(send) {
      if (needed === 0) {
        return connection.write(send);
      }
      const { answer, copies } = await connection.write(async (redis) => {
        const answer = await send(redis);
        // Straight after the answer, so on the connection that made the change: on another one, or after a reconnect, WAIT would
        // count somebody else's changes. Not sent along with it: when Redis has forgotten a script, its text is sent once more,
        // behind the WAIT, which would then count without the change.
        const copies = await redis.wait(needed, COPY_MS).catch((error: unknown) => {
          // The change is made, so it must not be sent again.
          throw new OutcomeUnknown('Redis went away before it could say which replicas hold a change', {
            cause: error,
          });
        });
        return { answer, copies };
      });
      if (copies < needed) {
        throw new NotReplicated(
          `Only ${copies} of ${needed} Redis replicas have a change after ${span(COPY_MS)}, so the bot does not act on the change. Check that the replicas are running.`,
        );
      }
      return answer;
    },
  };
}
