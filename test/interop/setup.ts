import type { TestProject } from 'vitest/node';
import { makeTrixie, TrixieMissing } from '../support/trixie/make.ts';
import { type Python, pythonInside, pythonOfThisMachine } from './python.ts';
import { startThrowawayBroker, type ThrowawayBroker } from './throwaway-broker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Every Python that could be had here. */
    pythons: readonly Python[];
    /** Every RabbitMQ that could be had here. */
    brokers: readonly ThrowawayBroker[];
    /** Why Debian 13 with its Python and RabbitMQ could not be had, and what to type. */
    missing: string | undefined;
  }
}

/** Starts the brokers and finds the Pythons: of this machine, and of Debian 13 in a folder. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const trixie = await makeTrixie().catch((reason: unknown) => {
    if (!(reason instanceof TrixieMissing)) {
      throw reason;
    }
    project.provide('missing', reason.message);
    console.warn(reason.message);
    return undefined;
  });
  const roots = trixie === undefined ? [] : [trixie];
  const pythons = await Promise.all([pythonOfThisMachine(), ...roots.map(pythonInside)]);
  const started = await Promise.allSettled([undefined, ...roots].map(startThrowawayBroker));
  const brokers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const teardown = async (): Promise<void> => {
    await Promise.all(brokers.map(({ close }) => close()));
  };
  for (const each of started) {
    if (each.status === 'fulfilled') {
      continue;
    }
    await teardown();
    throw each.reason;
  }
  project.provide('pythons', pythons);
  project.provide(
    'brokers',
    brokers.map(({ version, amqpUrl, managementUrl }) => ({ version, amqpUrl, managementUrl })),
  );
  return teardown;
}
