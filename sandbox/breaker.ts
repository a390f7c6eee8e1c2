import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Breakable } from './faults/fault.ts';
import { faultList, faults } from './faults/index.ts';
import type { RedisServer } from './redis.ts';
import type { Service } from './services.ts';

/** What came of a command, for a person. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

/** Breaks and heals, one thing at a time. */
export interface Breaker {
  break(fault: string): Promise<Said>;
  /** All of them, or the one that is named. */
  heal(fault?: string): Promise<Said>;
}

/** The breaker of one sandbox. */
export function openBreaker(sandbox: {
  readonly cluster: Cluster;
  readonly services: readonly Service[];
  readonly redis: RedisServer;
}): Breaker {
  let turn: Promise<unknown> = Promise.resolve();
  let pending: readonly Promise<void>[] = [];
  const breakable: Breakable = {
    ...sandbox,
    later: (afterMs, work) => {
      pending = [
        ...pending,
        sleep(afterMs)
          .then(work)
          .catch(() => undefined),
      ];
    },
  };
  const inTurn = (work: () => Promise<Said>): Promise<Said> => {
    const done = turn.then(work).catch((error: unknown) => ({ ok: false, text: messageOf(error) }));
    turn = done;
    return done;
  };

  return {
    break: (name) => {
      const fault = faults.find((candidate) => candidate.name === name);
      if (fault === undefined) {
        return Promise.resolve(unknown(name));
      }
      return inTurn(async () => ({ ok: true, text: await fault.make(breakable) }));
    },
    heal: (name) => {
      const chosen = faults.filter((candidate) => name === undefined || candidate.name === name);
      if (name !== undefined && chosen.length === 0) {
        return Promise.resolve(unknown(name));
      }
      return inTurn(async () => {
        await Promise.all(pending);
        pending = [];
        const done: string[] = [];
        for (const fault of chosen) {
          const text = await fault.heal(breakable);
          if (text !== undefined) {
            done.push(text);
          }
        }
        return { ok: true, text: done.length === 0 ? 'Nothing is broken.' : done.join('\n') };
      });
    },
  };
}

const unknown = (fault: string): Said => ({
  ok: false,
  text: `No fault named ${JSON.stringify(fault)}. Faults:\n${faultList}`,
});

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
