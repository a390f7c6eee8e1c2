import { redact } from '../redact.ts';
import type { AuditEntry, Audited, Stores, TimelineEntry } from './stores.ts';

/** The same stores; what they keep for people to read holds no secret: the audit and the lines of the threads. */
export function redactedStores(stores: Stores): Stores {
  const { incidents, runs, audit } = stores;
  return {
    ...stores,
    incidents: {
      ...incidents,
      put: (incident, version, entry, lines) =>
        incidents.put(incident, version, cleaned(entry), lines?.map(clean)),
      note: (id, lines) => incidents.note(id, lines.map(clean)),
    },
    runs: {
      ...runs,
      put: (run, version, entry, lines) => runs.put(run, version, cleaned(entry), lines?.map(clean)),
    },
    audit: { ...audit, append: (entry) => audit.append(clean(entry)) },
  };
}

const cleaned = (audited: Audited): readonly AuditEntry[] =>
  (audited === undefined ? [] : [audited].flat()).map(clean);

const clean = <Entry extends AuditEntry | TimelineEntry>(entry: Entry): Entry => ({
  ...entry,
  text: redact(entry.text),
});
