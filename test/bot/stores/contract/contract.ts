import type { FreshStores } from './fresh-stores.ts';
import { incidentsContract } from './incidents.ts';
import { runsContract } from './runs.ts';
import { smallStoresContract } from './small-stores.ts';

/**
 * Promises of the stores. The ones in Redis keep them, and so do the ones in memory on which the unit tests stand: `open` gives
 * stores that nobody has used yet.
 */
export function storesContract(open: () => FreshStores): void {
  incidentsContract(open);
  runsContract(open);
  smallStoresContract(open);
}
