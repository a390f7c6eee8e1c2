import { activeStates, type Incident, type Run, startRun } from '../../runbooks/index.ts';
import { span } from '../wording/words.ts';
import { auditSurfaceOf, type Caller, type CallerAnswer } from './rules/caller.ts';
import { carryOnSoon, type Transitions } from './transitions.ts';

/** "I'm on it": one owner, said to everybody. */
export async function acknowledge(
  transitions: Transitions,
  id: string,
  caller: Caller,
): Promise<CallerAnswer> {
  const { context, people } = transitions;
  const incident = await context.stores.incidents.get(id);
  if (incident === undefined) {
    return unknownIncident(id);
  }
  const decision = await transitions.allow({ kind: 'acknowledge' }, caller, { incident });
  if (!decision.allowed) {
    return { text: decision.because, refused: true };
  }
  const nowMs = context.clock.now();
  const late = (answer: CallerAnswer) =>
    ({ kind: 'answer', answer, refusal: { what: 'acknowledge', why: 'too-late' } }) as const;
  const applied = await transitions.applyToIncident(id, {
    caller,
    change: async (current) => {
      const over = overAnswer(current, nowMs);
      if (over !== undefined) {
        return late(over);
      }
      if (current.owner === caller.user) {
        return { kind: 'answer', answer: { text: `You own ${id} already.` } };
      }
      const names = await people.names([
        caller.user,
        ...(current.owner === undefined ? [] : [current.owner]),
      ]);
      if (current.owner !== undefined) {
        const owner = names.get(current.owner) ?? current.owner;
        const since = span(nowMs - (current.acknowledgedAtMs ?? nowMs));
        return late({ text: `${owner} has been on ${id} for ${since}.`, refused: true });
      }
      const name = names.get(caller.user) ?? caller.user;
      return {
        kind: 'store',
        next: { ...current, owner: caller.user, acknowledgedAtMs: nowMs },
        record: {
          actor: caller.user,
          event: 'incident.acknowledged',
          text: `${caller.user} is on it.`,
          people: [caller.user],
          lines: [`${name} is on it.`],
        },
      };
    },
  });
  return applied.kind === 'answer'
    ? applied.answer
    : { text: `${id} is yours. Diagnose only reads; nothing changes until a plan is approved.` };
}

/** What a diagnosis came to: the run that does it, new or already under way. */
export type Diagnosis =
  | { readonly kind: 'refused'; readonly answer: CallerAnswer }
  | { readonly kind: 'running'; readonly run: Run; readonly isNew: boolean };

/** Starts a read-only diagnosis; one that is under way already is used. */
export async function requestDiagnosis(
  transitions: Transitions,
  id: string,
  caller: Caller,
): Promise<Diagnosis> {
  const { context } = transitions;
  const incident = await context.stores.incidents.get(id);
  if (incident === undefined) {
    return { kind: 'refused', answer: unknownIncident(id) };
  }
  const decision = await transitions.allow({ kind: 'diagnose' }, caller, { incident });
  if (!decision.allowed) {
    return { kind: 'refused', answer: { text: decision.because, refused: true } };
  }
  return await findOrStart(transitions, incident, caller);
}

/** The active run of an incident, or a new one. The incident is the gate: of two people at once one starts it. */
async function findOrStart(transitions: Transitions, incident: Incident, caller: Caller): Promise<Diagnosis> {
  const { user } = caller;
  const { stores, clock } = transitions.context;
  const over = overAnswer(incident, clock.now());
  if (over !== undefined) {
    return { kind: 'refused', answer: over };
  }
  const active = await activeRunOf(transitions, incident);
  if (active !== undefined) {
    return { kind: 'running', run: active, isNew: false };
  }
  const repaired = await justRepaired(transitions, incident);
  if (repaired !== undefined) {
    return { kind: 'refused', answer: repaired };
  }
  const names = await transitions.people.names([user]);
  const runId = await stores.runs.nextId();
  let before = incident;
  const applied = await transitions.applyToIncident(incident.id, {
    caller,
    change: (current) => {
      const nowOver = overAnswer(current, clock.now());
      if (nowOver !== undefined) {
        return { kind: 'answer', answer: nowOver };
      }
      if (current.run !== incident.run) {
        return { kind: 'answer', answer: { text: 'Somebody else has just started a diagnosis.' } };
      }
      before = current;
      return {
        kind: 'store',
        next: { ...current, run: runId },
        record: {
          actor: user,
          event: 'run.requested',
          text: `${user} asked for a diagnosis: ${runId}.`,
          people: [user],
          lines: [`${names.get(user) ?? user} asked for a diagnosis (${runId}).`],
        },
      };
    },
  });
  if (applied.kind === 'answer') {
    const fresh = await stores.incidents.get(incident.id);
    const theirs = fresh === undefined ? undefined : await activeRunOf(transitions, fresh);
    return theirs === undefined
      ? { kind: 'refused', answer: applied.answer }
      : { kind: 'running', run: theirs, isNew: false };
  }
  const run = startRun({ id: runId, incident: before, requestedBy: user, nowMs: clock.now() });
  await stores.runs.put(run, 0, {
    atMs: clock.now(),
    actor: user,
    event: 'run.started',
    cluster: run.cluster,
    incident: run.incident,
    run: run.id,
    text: `Diagnosis of ${run.runbook} on ${run.subject} started.`,
    before: 'none',
    after: run.state,
    ...auditSurfaceOf(caller),
  });
  await carryOnSoon(transitions.context, run.id);
  return { kind: 'running', run, isNew: true };
}

/** Sweeps that decide whether a repair has ended the incident. */
const SWEEPS_TO_RESOLVE = 2;

/** A new run would stand in the place of the one that has just repaired it, and the card would not say so any more. */
async function justRepaired(
  { context }: Transitions,
  { id, run }: Incident,
): Promise<CallerAnswer | undefined> {
  const last = run === undefined ? undefined : await context.stores.runs.get(run);
  if (last?.state !== 'done' || last.endedAtMs === undefined) {
    return undefined;
  }
  const agoMs = context.clock.now() - last.endedAtMs;
  return agoMs > SWEEPS_TO_RESOLVE * context.config.schedule.sweepMs
    ? undefined
    : {
        text: `${last.id} has repaired ${id}, verified ${span(agoMs)} ago. The next sweep resolves it, or shows that it is back.`,
        refused: true,
      };
}

async function activeRunOf({ context }: Transitions, incident: Incident): Promise<Run | undefined> {
  const run = incident.run === undefined ? undefined : await context.stores.runs.get(incident.run);
  return run !== undefined && activeStates.includes(run.state) ? run : undefined;
}

/** Answer to an old button once the incident is over. */
export function overAnswer(incident: Incident, nowMs: number): CallerAnswer | undefined {
  if (incident.state !== 'resolved') {
    return undefined;
  }
  const ago = span(nowMs - (incident.resolvedAtMs ?? nowMs));
  return { text: `${incident.id} was resolved ${ago} ago. There is nothing left to do here.`, refused: true };
}

const unknownIncident = (id: string): CallerAnswer => ({
  text: `There is no ${id}.`,
  refused: true,
});
