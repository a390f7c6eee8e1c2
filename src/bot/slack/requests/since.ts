import { overAnswer } from '../../approvals/incidents.ts';
import { standing } from '../../approvals/plans.ts';
import type { Transitions } from '../../approvals/transitions.ts';

/** How an incident or a run stands now, for somebody whose click came late or a second time. */
export async function standingOf({ context, people }: Transitions, id: string): Promise<string> {
  const { stores, clock } = context;
  const nowMs = clock.now();
  const run = id.startsWith('RUN-') ? await stores.runs.get(id) : undefined;
  if (run !== undefined) {
    return standing(run, nowMs);
  }
  const incident = await stores.incidents.get(id);
  if (incident === undefined) {
    return `No record of ${id}. Incidents and runs are kept for 90 days.`;
  }
  const over = overAnswer(incident, nowMs);
  if (over !== undefined) {
    return over.text;
  }
  const names = await people.names(incident.owner === undefined ? [] : [incident.owner]);
  const owner = incident.owner === undefined ? undefined : (names.get(incident.owner) ?? incident.owner);
  const own = owner === undefined ? `${id} is open and needs an owner.` : `${owner} is on ${id}.`;
  const latest = incident.run === undefined ? undefined : await stores.runs.get(incident.run);
  return latest === undefined ? own : `${own} ${standing(latest, nowMs)}`;
}

/** What somebody reads whose click reached us twice. */
export const SECOND_TIME = 'Slack delivered this twice; it counts at most once.';
