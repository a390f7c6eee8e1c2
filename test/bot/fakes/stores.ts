import type { RecordedEntry, StoredEntry, TimelineEntry } from '../../../src/bot/record/entry.ts';
import type { AuditRecord } from '../../../src/bot/record/link.ts';
import type {
  CardPlace,
  FailureWindow,
  Mirrored,
  Stores,
  SweepMemory,
} from '../../../src/bot/stores/stores.ts';
import type { Incident, ProbeHistory, Run } from '../../../src/runbooks/index.ts';
import { activeStates } from '../../../src/runbooks/index.ts';
import { chainOf } from '../audit/chain-of.ts';
import type { FakeClock } from './clock.ts';
import { fakeSmallStores, recent } from './small-stores.ts';

/** Stores in memory with the same promises as the real ones; `kept` lets a test look inside. */
export interface FakeStores extends Stores {
  readonly kept: {
    readonly incidents: Map<string, Incident>;
    readonly runs: Map<string, Run>;
    readonly timelines: Map<string, TimelineEntry[]>;
    readonly memories: Map<string, SweepMemory>;
    readonly probes: Map<string, ProbeHistory>;
    readonly cards: Map<string, CardPlace>;
    readonly audit: StoredEntry[];
    readonly pendingUpdates: Map<string, number>;
  };
}

export function fakeStores(clock: FakeClock): FakeStores {
  const kept: FakeStores['kept'] = {
    incidents: new Map(),
    runs: new Map(),
    timelines: new Map(),
    memories: new Map(),
    probes: new Map(),
    cards: new Map(),
    audit: [],
    pendingUpdates: new Map(),
  };
  const leases = new Map<string, { holder: string; untilMs: number; token: number }>();
  const halts = new Map<string, { readonly by: string; readonly atMs: number; readonly because?: string }>();
  const tokens = new Map<string, number>();
  const failures = new Map<string, Map<string, number>>();
  const untoldSince = new Map<string, number>();
  let incidentNumber = 0;
  let runNumber = 0;
  let mark = 0;
  let fence = 0;

  const addLines = (incident: string, entries: readonly TimelineEntry[]): void => {
    kept.timelines.set(incident, [...(kept.timelines.get(incident) ?? []), ...entries]);
  };
  const markUntold = (incident: string): void => {
    mark += 1;
    kept.pendingUpdates.set(incident, mark);
  };

  const oldestFirst = (): readonly (readonly [string, number])[] =>
    [...kept.pendingUpdates].toSorted(([, one], [, other]) => one - other);

  let mirrored: Mirrored | undefined;
  const chained = (): readonly AuditRecord[] => chainOf(kept.audit);
  const recorded = (): readonly RecordedEntry[] =>
    kept.audit.map((entry, index) => ({ ...entry, sequence: index + 1, hash: '' }));

  const strained = (run: string, { cluster, atMs, withinMs, limit, because }: FailureWindow): boolean => {
    failures.set(cluster, (failures.get(cluster) ?? new Map<string, number>()).set(run, atMs));
    if (recent(failures.get(cluster), atMs - withinMs) < limit || halts.has(cluster)) {
      return false;
    }
    halts.set(cluster, { by: 'watership', atMs, because });
    return true;
  };

  return {
    kept,
    ...fakeSmallStores(clock, kept),
    incidents: {
      nextId: async () => {
        incidentNumber += 1;
        return `INC-${String(incidentNumber).padStart(4, '0')}`;
      },
      get: async (id) => kept.incidents.get(id),
      open: async (cluster) =>
        [...kept.incidents.values()]
          .filter((one) => one.cluster === cluster && one.state === 'open')
          .toSorted((left, right) => left.openedAtMs - right.openedAtMs),
      recent: async ({ cluster, limit, sinceMs = 0 }) =>
        [...kept.incidents.values()]
          .filter((one) => cluster === undefined || one.cluster === cluster)
          .filter((one) => (one.resolvedAtMs ?? one.openedAtMs) >= sinceMs)
          .toSorted((a, b) => (b.resolvedAtMs ?? b.openedAtMs) - (a.resolvedAtMs ?? a.openedAtMs))
          .slice(0, limit),
      put: async (incident, expectedVersion, audit, timeline = []) => {
        const { id, cluster, key, state } = incident;
        if ((kept.incidents.get(id)?.version ?? 0) !== expectedVersion) {
          return 'conflict';
        }
        const others = [...kept.incidents.values()].filter((one) => one.id !== id && one.state === 'open');
        if (state === 'open' && others.some((one) => one.cluster === cluster && one.key === key)) {
          return 'conflict';
        }
        kept.incidents.set(id, { ...incident, version: expectedVersion + 1 });
        addLines(id, timeline);
        const entries = [audit ?? []].flat();
        kept.audit.push(...entries);
        if (entries.length > 0 || timeline.length > 0) {
          markUntold(id);
        }
        return 'stored';
      },
      timeline: async (id) => kept.timelines.get(id) ?? [],
      note: async (id, entries) => {
        addLines(id, entries);
        markUntold(id);
      },
    },
    runs: {
      nextId: async () => {
        runNumber += 1;
        return `RUN-${String(runNumber).padStart(4, '0')}`;
      },
      get: async (id) => kept.runs.get(id),
      active: async (cluster) =>
        [...kept.runs.values()]
          .filter((run) => activeStates.includes(run.state))
          .filter((run) => cluster === undefined || run.cluster === cluster)
          .toSorted((left, right) => (left.id < right.id ? -1 : 1)),
      recent: async ({ limit, sinceMs = 0 }) =>
        [...kept.runs.values()]
          .filter((run) => (run.endedAtMs ?? run.startedAtMs) >= sinceMs)
          .toSorted((a, b) => (b.endedAtMs ?? b.startedAtMs) - (a.endedAtMs ?? a.startedAtMs))
          .slice(0, limit),
      put: async (run, expectedVersion, audit, timeline = [], guard = { fences: [] }) => {
        if ((kept.runs.get(run.id)?.version ?? 0) !== expectedVersion) {
          return 'conflict';
        }
        if (guard.fences.some(({ lease, token }) => tokens.get(lease) !== token)) {
          return 'fenced';
        }
        const { unlessHalted, failureWindow } = guard;
        if (unlessHalted !== undefined && (halts.has('*') || halts.has(unlessHalted))) {
          return 'halted';
        }
        const isTripped = failureWindow !== undefined && strained(run.id, failureWindow);
        kept.runs.set(run.id, { ...run, version: expectedVersion + 1 });
        addLines(run.incident, timeline);
        if (audit !== undefined) {
          kept.audit.push(...[audit].flat());
        }
        if (isTripped) {
          addLines(run.incident, [failureWindow.line]);
        }
        markUntold(run.incident);
        return isTripped ? 'tripped' : 'stored';
      },
    },
    memory: {
      get: async (cluster) => kept.memories.get(cluster),
      sweptAtMs: async (cluster) => kept.memories.get(cluster)?.sweptAtMs,
      put: async (cluster, memory, { lease, token }) => {
        if (tokens.get(lease) !== token) {
          return 'conflict';
        }
        kept.memories.set(cluster, memory);
        return 'stored';
      },
    },
    audit: {
      append: async (entry) => {
        kept.audit.push(entry);
      },
      read: async ({ run, incident, sinceMs = 0, limit }) =>
        recorded()
          .filter((entry) => run === undefined || entry.run === run)
          .filter((entry) => incident === undefined || entry.incident === incident)
          .filter(({ atMs }) => atMs >= sinceMs)
          .slice(-limit),
    },
    chain: {
      records: async (from, limit) => chained().slice(from - 1, from - 1 + limit),
      given: async () => kept.audit.length,
      size: async () => kept.audit.length,
      trim: async (_firstKept, entry) => void kept.audit.push(entry),
      mirrored: async () => mirrored,
      setMirrored: async (place) => {
        mirrored = place;
      },
    },
    leases: {
      take: async (name, holder, forMs) => {
        const held = leases.get(name);
        if (held !== undefined && held.holder !== holder && held.untilMs > clock.now()) {
          return undefined;
        }
        fence += 1;
        leases.set(name, { holder, untilMs: clock.now() + forMs, token: fence });
        tokens.set(name, fence);
        return { token: fence };
      },
      renew: async (name, holder, forMs) => {
        const held = leases.get(name);
        if (held?.holder !== holder || held.untilMs <= clock.now()) {
          return false;
        }
        held.untilMs = clock.now() + forMs;
        return true;
      },
      release: async (name, holder) => {
        if (leases.get(name)?.holder === holder) {
          leases.delete(name);
        }
      },
    },
    halts: {
      isHalted: async (cluster) => halts.has('*') || halts.has(cluster),
      find: async (cluster = '*') => {
        const found = halts.get('*') ?? halts.get(cluster);
        return found && { ...found, everywhere: halts.has('*') };
      },
      halt: async (cluster, by) => {
        const key = cluster ?? '*';
        halts.set(key, halts.get(key) ?? { by, atMs: clock.now() });
      },
      resume: async (cluster) => {
        for (const ended of cluster === undefined ? [...halts.keys()] : [cluster]) {
          failures.delete(ended);
          halts.delete(ended);
        }
      },
    },
    pendingUpdates: {
      list: async () => oldestFirst().map(([incident, at]) => ({ incident, mark: String(at) })),
      markOf: async (incident) => {
        const at = kept.pendingUpdates.get(incident);
        return at === undefined ? undefined : String(at);
      },
      waiting: async () => {
        for (const id of untoldSince.keys()) {
          if (!kept.pendingUpdates.has(id)) {
            untoldSince.delete(id);
          }
        }
        return oldestFirst().map(([incident]) => {
          const sinceMs = untoldSince.get(incident) ?? clock.now();
          untoldSince.set(incident, sinceMs);
          return { incident, waitedMs: clock.now() - sinceMs };
        });
      },
      settle: async (incident, at) => {
        untoldSince.delete(incident);
        if (String(kept.pendingUpdates.get(incident)) === at) {
          kept.pendingUpdates.delete(incident);
        }
      },
    },
  };
}
