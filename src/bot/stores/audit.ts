import type { RecordedEntry } from '../record/entry.ts';
import { entriesArgument, entryOf } from '../record/entry-text.ts';
import type { AuditRecord } from '../record/link.ts';
import type { StoreConnection } from './connection/store-connection.ts';
import type { Keys } from './keys.ts';
import { runScript } from './scripts/define-script.ts';
import { recordEntries, trimChain } from './scripts/scripts.ts';
import type { AuditChain, AuditStore, Mirrored } from './stores.ts';

const PAGE = 1_000;
// Entries stand in the order of writing; clocks of two replicas may differ by this much.
const CLOCK_SKEW_MS = 60_000;

export function openAudit(connection: StoreConnection, keys: Keys): AuditStore {
  return {
    async append(entry) {
      await connection.write((redis) =>
        runScript(redis, recordEntries, {
          keys: { audit: keys.audit },
          args: { entries: entriesArgument([entry]) },
        }),
      );
    },

    async read({ run, incident, sinceMs = 0, limit }) {
      const found: RecordedEntry[] = [];
      let end = '+';
      while (found.length < limit) {
        const page = await connection.read((redis) => redis.xrevrange(keys.audit, end, '-', 'COUNT', PAGE));
        const entries = page.map((item) => entryOf(recordOf(item)));
        found.push(
          ...entries.filter(
            (entry) =>
              entry.atMs >= sinceMs &&
              (run === undefined || entry.run === run) &&
              (incident === undefined || entry.incident === incident),
          ),
        );
        const last = page.at(-1);
        const oldest = entries.at(-1);
        if (!last || !oldest || page.length < PAGE || isOlder(oldest, sinceMs)) {
          break;
        }
        end = `(${last[0]}`;
      }
      return found.slice(0, limit).toReversed();
    },
  };
}

/** A spoiled entry has no time of its own: it ends no search. */
const isOlder = ({ atMs, event }: RecordedEntry, sinceMs: number): boolean =>
  event !== 'audit.unreadable' && atMs < sinceMs - CLOCK_SKEW_MS;

export function openChain(connection: StoreConnection, keys: Keys): AuditChain {
  return {
    async records(from, limit) {
      const page = await connection.read((redis) =>
        redis.xrange(keys.audit, `${from}-0`, '+', 'COUNT', limit),
      );
      return page.map(recordOf);
    },

    async given() {
      if ((await connection.read((redis) => redis.exists(keys.audit))) === 0) {
        return 0;
      }
      const info: unknown = await connection.read((redis) => redis.xinfo('STREAM', keys.audit));
      const flat: readonly unknown[] = Array.isArray(info) ? info : [];
      return sequenceOf(String(flat[flat.indexOf('last-generated-id') + 1]));
    },

    size: () => connection.read((redis) => redis.xlen(keys.audit)),

    async trim(firstKept, entry) {
      await connection.write((redis) =>
        runScript(redis, trimChain, {
          keys: { audit: keys.audit },
          args: { entries: entriesArgument([entry]), firstKeptId: `${firstKept}-0` },
        }),
      );
    },

    async mirrored() {
      const json = await connection.read((redis) => redis.get(keys.mirrored));
      // Written by `setMirrored` below.
      return json === null ? undefined : (JSON.parse(json) as Mirrored);
    },

    async setMirrored(place) {
      await connection.write((redis) => redis.set(keys.mirrored, JSON.stringify(place)));
    },
  };
}

const sequenceOf = (id: string): number => Number(id.split('-')[0]);

/** An entry of the stream: its id is the number. A field that somebody took away reads as empty, and breaks the chain. */
function recordOf([id, fields]: [string, string[]]): AuditRecord {
  const field = (name: string): string => {
    const at = fields.findIndex((key, index) => index % 2 === 0 && key === name);
    return at < 0 ? '' : (fields[at + 1] ?? '');
  };
  return {
    sequence: sequenceOf(id),
    before: field('before'),
    hash: field('hash'),
    text: field('entry'),
  };
}
