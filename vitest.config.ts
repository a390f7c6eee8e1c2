import { defineConfig } from 'vitest/config';

/** Tiers: `unit` is pure and needs nothing; the others start the real services they talk to. */
const tiers = ['service', 'cluster', 'browser', 'interop', 'chaos'] as const;

const temporaryFolder = 'test/support/temporary-folder.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: [temporaryFolder],
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
          globalSetup: [temporaryFolder, ...(tier === 'interop' ? ['test/interop/setup.ts'] : [])],
        },
      })),
    ],
  },
});
