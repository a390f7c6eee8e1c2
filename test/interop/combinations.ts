import type { Python } from './python.ts';
import type { ThrowawayBroker } from './throwaway-broker.ts';

/** A release of oslo.messaging on a release of RabbitMQ. */
export interface Combination {
  readonly name: string;
  readonly python: Python;
  readonly broker: ThrowawayBroker;
}

/** Each with each. */
export function combinationsOf(
  pythons: readonly Python[],
  brokers: readonly ThrowawayBroker[],
): readonly Combination[] {
  return pythons.flatMap((python) =>
    brokers.map((broker) => ({
      name: `oslo.messaging ${python.version}, RabbitMQ ${minorOf(broker.version)}`,
      python,
      broker,
    })),
  );
}

/** `3.10` of `3.10.8`: a distribution changes the last part as it sees fit. */
function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
