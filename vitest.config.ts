import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SlowestTests } from './test/support/slowest-tests.ts';

/** Tiers: `unit` is pure and needs nothing; the others start the real services they talk to. */
const tiers = ['service', 'cluster', 'browser', 'interop', 'chaos'] as const;

const temporaryFolder = 'test/support/temporary-folder.ts';

const processors = availableParallelism();

export default defineConfig({
  test: {
    reporters: ['default', new SlowestTests()],
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: [temporaryFolder],
          setupFiles: ['test/support/no-processes.ts'],
          maxWorkers: processors,
          sequence: { groupOrder: 1 },
          // Properties are played a thousand times, and a machine may be busy.
          testTimeout: 60_000,
          include: ['test/**/*.test.ts'],
          exclude: tiers.flatMap((tier) => [`test/${tier}/**`, `test/**/*.${tier}.test.ts`]),
        },
      },
      {
        test: {
          name: 'service',
          include: ['test/**/*.service.test.ts'],
          globalSetup: [temporaryFolder, 'test/support/services.ts'],
          // They wait most of the time, so twice as many as there are processors wait side by side; the unit tests, which only reckon,
          // come before them.
          maxWorkers: 2 * processors,
          sequence: { groupOrder: 2 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      ...(['cluster', 'browser', 'interop', 'chaos'] as const).map((tier) => ({
        test: {
          name: tier,
          include: [`test/${tier}/**/*.test.ts`],
          // A story waits for several repairs, each as long as a slow machine needs for it.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          globalSetup: [temporaryFolder, ...(tier === 'interop' ? ['test/interop/setup.ts'] : [])],
        },
      })),
    ],
  },
});
