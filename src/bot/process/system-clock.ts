import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../runbooks/index.ts';

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};
