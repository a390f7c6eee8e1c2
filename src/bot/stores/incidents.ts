import type { Redis } from 'ioredis';
import type { TimelineEntry } from '../record/entry.ts';
import { entriesArgument } from '../record/entry-text.ts';
import type { Replicas } from './connection/replicas.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import { KEEP_SECONDS, newestIds, parseStored, readItems } from './items.ts';
import type { Keys } from './keys.ts';
import { runScript } from './scripts/define-script.ts';
import { addLines, putIncident } from './scripts/scripts.ts';
import type { IncidentStore } from './stores.ts';

// A cluster filter is applied after reading: read this many times more than asked for.
const FILTER_FACTOR = 10;

export function openIncidents(connection: StoreConnection, keys: Keys, copies: Replicas): IncidentStore {
  const itemKey = (id: string): string => keys.item('incident', id);
  return {
    async nextId() {
      return `INC-${String(await connection.write((redis) => redis.incr(keys.sequence('incident')))).padStart(4, '0')}`;
    },

    async get(id) {
      const json = await connection.read((redis) => redis.hget(itemKey(id), 'json'));
      return json === null ? undefined : parseStored('incident', json);
    },

    async open(cluster) {
      const ids = await connection.read((redis) => redis.hvals(keys.open(cluster)));
      const incidents = await readItems(connection, 'incident', ids.map(itemKey));
      return incidents.toSorted((left, right) => left.openedAtMs - right.openedAtMs);
    },

    async recent({ cluster, limit, sinceMs }) {
      const wanted = cluster === undefined ? limit : limit * FILTER_FACTOR;
      const ids = await newestIds(connection, keys.recent('incident'), wanted, sinceMs);
      const incidents = await readItems(connection, 'incident', ids.map(itemKey));
      return incidents
        .filter((incident) => cluster === undefined || incident.cluster === cluster)
        .slice(0, limit);
    },

    async put(incident, expectedVersion, audit, timeline = []) {
      const entries = audit === undefined ? [] : [audit].flat();
      const version = expectedVersion + 1;
      const send = (redis: Redis) =>
        runScript(redis, putIncident, {
          keys: {
            item: itemKey(incident.id),
            recent: keys.recent('incident'),
            open: keys.open(incident.cluster),
            timeline: keys.timeline(incident.id),
            audit: keys.audit,
            pendingUpdates: keys.pendingUpdates,
            mark: keys.mark,
          },
          args: {
            expectedVersion,
            newVersion: version,
            json: JSON.stringify({ ...incident, version }),
            id: incident.id,
            score: incident.resolvedAtMs ?? incident.openedAtMs,
            state: incident.state,
            incidentKey: incident.key,
            entries: entriesArgument(entries),
            keepSeconds: KEEP_SECONDS,
            loudness: entries.length === 0 && timeline.length === 0 ? 'quiet' : 'loud',
          },
          moreArgs: timeline.map((entry) => JSON.stringify(entry)),
        });
      // What a sweep saw the next one sees again; what a person did nobody does again.
      const isPersons = entries.some(({ actor }) => actor !== 'watership');
      const answer = await (isPersons ? copies.confirmed(send) : connection.write(send));
      return answer === 'stored' ? 'stored' : 'conflict';
    },

    async timeline(id) {
      const lines = await connection.read((redis) => redis.lrange(keys.timeline(id), 0, -1));
      return lines.map(parseLine);
    },

    async note(id, entries) {
      await connection.write((redis) =>
        runScript(redis, addLines, {
          keys: { timeline: keys.timeline(id), pendingUpdates: keys.pendingUpdates, mark: keys.mark },
          args: { incident: id },
          moreArgs: entries.map((entry) => JSON.stringify(entry)),
        }),
      );
    },
  };
}

// Written by `put` and `note` above.
const parseLine = (json: string): TimelineEntry => JSON.parse(json) as TimelineEntry;
