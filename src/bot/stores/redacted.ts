import { redact } from '../process/redact.ts';
import type { TimelineEntry } from '../record/entry.ts';
import type { Stores } from './stores.ts';

/** The same stores with secrets removed from the lines of threads. The audit does so itself, because it hashes what it keeps. */
export function redactedStores(stores: Stores): Stores {
  const { incidents, runs } = stores;
  return {
    ...stores,
    incidents: {
      ...incidents,
      put: (incident, version, audit, lines) => incidents.put(incident, version, audit, lines?.map(clean)),
      note: (id, lines) => incidents.note(id, lines.map(clean)),
    },
    runs: {
      ...runs,
      put: (run, version, audit, lines, guard) => runs.put(run, version, audit, lines?.map(clean), guard),
    },
  };
}

const clean = (line: TimelineEntry): TimelineEntry => ({ ...line, text: redact(line.text) });
