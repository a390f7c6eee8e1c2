import type { CardPlace, Maintenance, Stores } from '../../../src/bot/stores/stores.ts';
import type { ProbeHistory } from '../../../src/runbooks/index.ts';
import type { FakeClock } from './clock.ts';

/** How many of these moments are later than `sinceMs`. */
export const recent = (moments: ReadonlyMap<string, number> | undefined, sinceMs: number): number =>
  [...(moments ?? [])].filter(([, atMs]) => atMs > sinceMs).length;

type SmallStores = Pick<Stores, 'probes' | 'cards' | 'once' | 'deletions' | 'maintenance' | 'homes'>;

/** Stores in memory that hold one kind of fact each. */
export function fakeSmallStores(
  clock: FakeClock,
  kept: { readonly probes: Map<string, ProbeHistory>; readonly cards: Map<string, CardPlace> },
): SmallStores {
  const once = new Map<string, number>();
  const deleted = new Map<string, Map<string, number>>();
  const maintenance = new Map<string, Maintenance>();
  const homes = new Map<string, number>();
  return {
    probes: {
      get: async (cluster) => kept.probes.get(cluster),
      put: async (cluster, probes) => void kept.probes.set(cluster, probes),
    },
    cards: {
      get: async (incident) => kept.cards.get(incident),
      put: async (incident, place) => {
        kept.cards.set(incident, place);
      },
    },
    once: {
      first: async (key, forMs) => {
        if ((once.get(key) ?? 0) > clock.now()) {
          return false;
        }
        once.set(key, clock.now() + forMs);
        return true;
      },
      has: async (key) => (once.get(key) ?? 0) > clock.now(),
      forget: async (key) => {
        once.delete(key);
      },
    },
    deletions: {
      reserve: async (cluster, member, { limit, isForced }) => {
        const counted = deleted.get(cluster) ?? new Map<string, number>();
        deleted.set(cluster, counted);
        const isKnown = counted.has(member);
        if (!isKnown && !isForced && recent(counted, clock.now() - 3_600_000) >= limit) {
          return 'over';
        }
        counted.set(member, counted.get(member) ?? clock.now());
        return 'reserved';
      },
      lastHour: async (cluster) => recent(deleted.get(cluster), clock.now() - 3_600_000),
    },
    maintenance: {
      get: async (cluster) => {
        const found = maintenance.get(cluster);
        return found !== undefined && found.untilMs > clock.now() ? found : undefined;
      },
      begin: async (cluster, window) => void maintenance.set(cluster, window),
      end: async (cluster) => void maintenance.delete(cluster),
    },
    homes: {
      opened: async (user) => void homes.set(user, clock.now()),
      recent: async ({ withinMs, limit }) =>
        [...homes]
          .filter(([, atMs]) => atMs >= clock.now() - withinMs)
          .toSorted(([, left], [, right]) => right - left)
          .map(([user]) => user)
          .slice(0, limit),
    },
  };
}
