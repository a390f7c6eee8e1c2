import { activeStates } from '../../runbooks/index.ts';
import { entriesArgument } from '../record/entry-text.ts';
import type { Replicas } from './connection/replicas.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import { KEEP_SECONDS, newestIds, parseStored, readItems } from './items.ts';
import type { Keys } from './keys.ts';
import { runScript } from './scripts/define-script.ts';
import { putRun } from './scripts/scripts.ts';
import type { RunGuard, RunStore, RunStored } from './stores.ts';

export function openRuns(connection: StoreConnection, keys: Keys, copies: Replicas): RunStore {
  const itemKey = (id: string): string => keys.item('run', id);
  return {
    async nextId() {
      return `RUN-${String(await connection.write((redis) => redis.incr(keys.sequence('run')))).padStart(4, '0')}`;
    },

    async get(id) {
      const json = await connection.read((redis) => redis.hget(itemKey(id), 'json'));
      return json === null ? undefined : parseStored('run', json);
    },

    async active(cluster) {
      const ids = await connection.read((redis) => redis.smembers(keys.active));
      const runs = await readItems(connection, 'run', ids.toSorted().map(itemKey));
      return runs.filter((run) => cluster === undefined || run.cluster === cluster);
    },

    async recent({ limit, sinceMs }) {
      const ids = await newestIds(connection, keys.recent('run'), limit, sinceMs);
      return readItems(connection, 'run', ids.map(itemKey));
    },

    async put(run, expectedVersion, audit, timeline = [], guard = { fences: [] }) {
      const entries = audit === undefined ? [] : [audit].flat();
      const version = expectedVersion + 1;
      const answer = await copies.confirmed((redis) =>
        runScript(redis, putRun, {
          keys: {
            item: itemKey(run.id),
            recent: keys.recent('run'),
            active: keys.active,
            timeline: keys.timeline(run.incident),
            audit: keys.audit,
            pendingUpdates: keys.pendingUpdates,
            mark: keys.mark,
            halts: keys.halts,
            failures: keys.failureWindow(run.cluster),
            turned: keys.turned,
          },
          moreKeys: guard.fences.map(({ lease }) => keys.token(lease)),
          args: {
            expectedVersion,
            newVersion: version,
            json: JSON.stringify({ ...run, version }),
            id: run.id,
            score: run.endedAtMs ?? run.startedAtMs,
            state: activeStates.includes(run.state) ? 'active' : 'ended',
            incident: run.incident,
            entries: entriesArgument(entries),
            keepSeconds: KEEP_SECONDS,
            guardJson: guardJson(guard),
          },
          moreArgs: timeline.map((entry) => JSON.stringify(entry)),
        }),
      );
      return answers.find((known) => known === answer) ?? 'conflict';
    },
  };
}

const answers = ['stored', 'conflict', 'fenced', 'halted', 'tripped'] as const satisfies readonly RunStored[];

function guardJson({ fences, unlessHalted, failureWindow }: RunGuard): string {
  return JSON.stringify({
    tokens: fences.map(({ token }) => String(token)),
    unlessHalted,
    ...(failureWindow === undefined
      ? {}
      : {
          failureWindow: {
            ...failureWindow,
            halt: JSON.stringify({
              by: 'watership',
              atMs: failureWindow.atMs,
              because: failureWindow.because,
            }),
            line: JSON.stringify(failureWindow.line),
          },
        }),
  });
}
