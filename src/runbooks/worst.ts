import type { Incident } from './incident.ts';
import type { Severity } from './runbook.ts';

/** The higher, the worse. */
export const ranks: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/** An incident as a sweep has just seen it, which remembers how it stood when it was worse. */
export function withWorst(before: Incident, seen: Incident): Incident {
  const { worst: _, ...next } = seen;
  const { severity, runbook, subject, facts } = before.worst ?? before;
  return ranks[next.severity] >= ranks[severity]
    ? next
    : { ...next, worst: { severity, runbook, subject, facts } };
}

/** For lists of what is over: a link that was down is not remembered as the warning that it ended as. */
export const atItsWorst = (incident: Incident): Incident => ({ ...incident, ...incident.worst });
