import type { Incident } from '../incident.ts';
import type { Run } from '../run.ts';

/** A new run for an incident. It begins with a diagnosis, which reads and changes nothing. */
export function startRun(options: {
  readonly id: string;
  readonly incident: Incident;
  readonly requestedBy: string;
  readonly nowMs: number;
}): Run {
  const { id, incident, requestedBy, nowMs } = options;
  return {
    id,
    incident: incident.id,
    cluster: incident.cluster,
    runbook: incident.runbook,
    key: incident.key,
    subject: incident.subject,
    facts: incident.facts,
    state: 'diagnosing',
    requestedBy,
    startedAtMs: nowMs,
    evidence: [],
    answered: {},
    before: {},
    choices: [],
    votes: [],
    items: [],
    version: 1,
  };
}
