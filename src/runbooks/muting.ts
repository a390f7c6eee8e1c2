import type { Incident } from './incident.ts';
import type { Finding, Runbook } from './runbook.ts';

/** An incident as a sweep leaves it, and whether the sweep found it. */
export interface Standing {
  readonly incident: Incident;
  readonly isFound: boolean;
  /** A run is at it: what people approved keeps its card. @default false */
  readonly isTreated?: boolean;
}

/** What a cause does to others may be sure some sweeps before the cause itself is. */
const AHEAD_MS = 60_000;

/**
 * Which open incident explains which: ids of symptoms to ids of causes. A cause explains what comes with it or after it;
 * what was told before keeps its card, and what is being treated too. A cause in force keeps its symptoms; of several the oldest has
 * them. A symptom speaks again only when it is found without a cause: one that is on its way out stays
 * silent to its end.
 */
export function muting(book: readonly Runbook[], all: readonly Standing[]): ReadonlyMap<string, string> {
  const open = all
    .map(({ incident }) => incident)
    .filter(({ state }) => state === 'open')
    .toSorted((one, other) => one.openedAtMs - other.openedAtMs);
  const causes = new Map<string, string>();
  for (const { incident, isFound, isTreated = false } of all) {
    if (incident.state === 'resolved') {
      // It ends as it was: told, or silent.
      if (incident.mutedBy !== undefined) {
        causes.set(incident.id, incident.mutedBy);
      }
      continue;
    }
    if (isTreated && incident.mutedBy === undefined) {
      continue;
    }
    const explaining = open.filter((cause) => cause.id !== incident.id && explains(book, cause, incident));
    const cause = explaining.find(({ id }) => id === incident.mutedBy) ?? explaining[0];
    const kept = isFound ? undefined : incident.mutedBy;
    const id = cause?.id ?? kept;
    if (id !== undefined) {
      causes.set(incident.id, id);
    }
  }
  return causes;
}

function explains(book: readonly Runbook[], cause: Incident, symptom: Incident): boolean {
  if (!isSymptomOf(book, cause, symptom)) {
    return false;
  }
  if (cause.openedAtMs <= symptom.openedAtMs || symptom.mutedBy === cause.id) {
    return true;
  }
  const isNarrow = book.find(({ id }) => id === cause.runbook)?.explains !== undefined;
  if (isNarrow) {
    return false;
  }
  // Its cause has gone and another one is there: what nobody was told of stays silent.
  return symptom.mutedBy !== undefined || cause.openedAtMs <= symptom.openedAtMs + AHEAD_MS;
}

/** Does this trouble explain that one, as the book has it? */
export function isSymptomOf(
  book: readonly Runbook[],
  cause: Pick<Finding, 'runbook' | 'facts'>,
  symptom: Pick<Finding, 'runbook' | 'subject' | 'facts'>,
): boolean {
  const runbook = book.find(({ id }) => id === cause.runbook);
  if (!runbook?.mutes.includes(symptom.runbook)) {
    return false;
  }
  if (runbook.explains === undefined) {
    return true;
  }
  const facts = runbook.facts.safeParse(cause.facts);
  return facts.success && runbook.explains(facts.data, symptom);
}
