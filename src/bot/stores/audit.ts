import type { Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import type { AuditEntry, AuditStore } from './stores.ts';

const PAGE = 1_000;
const KEPT_ENTRIES = 200_000;
// Entries stand in the order of writing; clocks of two replicas may differ by this much.
const CLOCK_SKEW_MS = 60_000;

export function openAudit(redis: Redis, keys: Keys): AuditStore {
  return {
    async append(entry) {
      await redis.xadd(keys.audit, 'MAXLEN', '~', KEPT_ENTRIES, '*', 'entry', JSON.stringify(entry));
    },

    async read({ run, incident, sinceMs = 0, limit }) {
      const found: AuditEntry[] = [];
      let end = '+';
      while (found.length < limit) {
        const page = await redis.xrevrange(keys.audit, end, '-', 'COUNT', PAGE);
        const entries = page.map(([, fields]) => parseEntry(fields[1] ?? ''));
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
        if (!last || !oldest || page.length < PAGE || oldest.atMs < sinceMs - CLOCK_SKEW_MS) break;
        end = `(${last[0]}`;
      }
      return found.slice(0, limit).toReversed();
    },
  };
}

// Written by `append` above and by the scripts' XADD.
const parseEntry = (json: string): AuditEntry => JSON.parse(json) as AuditEntry;
