import { describe } from 'vitest';
import { fakeClock } from '../fakes/clock.ts';
import { fakeStores } from '../fakes/stores.ts';
import { storesContract } from './contract/contract.ts';

describe('in memory', () => {
  storesContract(() => {
    const clock = fakeClock();
    return { stores: fakeStores(clock), now: async () => clock.now(), pass: async (ms) => clock.pass(ms) };
  });
});
