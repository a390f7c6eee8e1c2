import type { MemoryStore } from './stores.ts';

/** Clocks of two replicas may differ by this much before one takes the other's sweeps for impossible. */
const SKEW_MS = 60_000;

/** A memory that was written in the future, as this process counts. */
export interface AheadMemory {
  readonly cluster: string;
  readonly sweptAtMs: number;
  readonly aheadMs: number;
}

/**
 * The same store without memories from the future: a replica whose clock was ahead has left them. Their instants would make
 * every age negative, until that time comes, so that nothing is ever old enough to be reported. `tell` is called once for each.
 */
export function pastMemory(
  memory: MemoryStore,
  now: () => number,
  tell: (ahead: AheadMemory) => void = () => {},
): MemoryStore {
  const told = new Map<string, number>();
  const isPast = (cluster: string, sweptAtMs: number): boolean => {
    const aheadMs = sweptAtMs - now();
    if (aheadMs <= SKEW_MS) {
      return true;
    }
    if (told.get(cluster) !== sweptAtMs) {
      tell({ cluster, sweptAtMs, aheadMs });
    }
    told.set(cluster, sweptAtMs);
    return false;
  };
  return {
    async get(cluster) {
      const found = await memory.get(cluster);
      return found !== undefined && isPast(cluster, found.sweptAtMs) ? found : undefined;
    },
    async sweptAtMs(cluster) {
      const found = await memory.sweptAtMs(cluster);
      return found !== undefined && isPast(cluster, found) ? found : undefined;
    },
    put: (cluster, written, fence) => memory.put(cluster, written, fence),
  };
}
