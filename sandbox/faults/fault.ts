import type { Cluster } from '../cluster.ts';
import type { RedisServer } from '../redis.ts';
import type { Service } from '../services.ts';

/** One way to break the sandbox, and how to undo it. */
export interface Fault {
  readonly name: string;
  /** What it does, in a line. */
  readonly title: string;
  /** Breaks it, and says what was done and what to expect. */
  make(broken: Breakable): Promise<string>;
  /** Undoes it. Does nothing, and says nothing, when there is nothing to undo. */
  heal(broken: Breakable): Promise<string | undefined>;
}

/** What a fault may touch. */
export interface Breakable {
  readonly cluster: Cluster;
  readonly services: readonly Service[];
  readonly redis: RedisServer;
  /** Work that goes on after `make` has answered. It is waited for before anything is healed. */
  later(afterMs: number, work: () => Promise<void>): void;
}

/** Starts those again that are still the processes that were broken, and forgets all; undefined when none is. */
export async function restartBroken(
  { services }: Breakable,
  brokenPids: Set<number>,
): Promise<string | undefined> {
  const still = services.filter((service) => brokenPids.has(service.pid()));
  brokenPids.clear();
  for (const service of still) {
    await service.restart();
  }
  return still.length === 0
    ? undefined
    : `Restarted: ${still.map(({ name, host }) => `${name} (${host})`).join(', ')}.`;
}

/** The service process with this name; the first of its hosts. */
export function serviceNamed({ services }: Breakable, name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) {
    throw new Error(`The sandbox has no service ${name}`);
  }
  return service;
}
