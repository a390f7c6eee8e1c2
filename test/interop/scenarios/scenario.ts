import type { Transport } from '../../../src/rpc/index.ts';
import type { OsloPeer } from '../oslo-peer.ts';

/** What a scenario plays in: both sides on one broker, and a topic nobody else uses. */
export interface World {
  readonly transport: Transport;
  readonly peer: OsloPeer;
  readonly topic: string;
  /** Of the peer's oslo.messaging. */
  readonly version: string;
}

/** One thing that both sides must understand alike. Throws when they do not. */
export interface Scenario {
  /** A sentence of fact. */
  readonly name: string;
  /** Played with every set of options, because options change what it relies on. @default false */
  readonly withAllOptions?: boolean;
  readonly play: (world: World) => Promise<void>;
}

/** Whether a release has what came with another: `14.7.0` and `16.1.0`. */
export function isAtLeast(version: string, wanted: string): boolean {
  return version.localeCompare(wanted, 'en', { numeric: true }) >= 0;
}

/** What a failing call was rejected with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await call };
  } catch (reason) {
    return reason;
  }
}
