import { definite } from '../../rpc/index.ts';
import { advance, type Incident, type Run, type RunInput } from '../../runbooks/index.ts';
import type { BotContext, ClusterHandle } from '../context.ts';
import type { People, Principal } from '../ports/people.ts';
import type { AuditEvent } from '../record/audit-events.ts';
import type { AuditEntry, TimelineEntry } from '../record/entry.ts';
import { stateWordOf } from '../record/incident-record.ts';
import { peopleField, planOf } from '../record/run-record.ts';
import { untilStored } from '../stores/until-stored.ts';
import { engineTools } from './engine-tools.ts';
import { notifySoon } from './notify-soon.ts';
import { rightsOf } from './rights.ts';
import { authorize, type Permission } from './rules/authorize.ts';
import { actorOf, auditSurfaceOf, type Caller, type CallerAnswer } from './rules/caller.ts';
import type { Decision } from './rules/decision.ts';
import { refusalWords } from './rules/refusal-words.ts';

/** What every transition needs: the state, who people are, and one way to change each thing. */
export interface Transitions {
  readonly context: BotContext;
  readonly people: People;
  /** Writes a refusal to the audit: who, what, why, about which plan, and how it stands. */
  refuse(what: string, why: string, caller: Caller, about: About): Promise<void>;
  /** Decision whether the caller may do something. A refusal is written to the audit. */
  allow(ask: Permission, caller: Caller, about: About): Promise<Decision>;
  /** Reads, decides and writes an incident until nobody came between. */
  applyToIncident(
    id: string,
    click: {
      readonly caller: Caller;
      readonly change: (incident: Incident) => IncidentChange | Promise<IncidentChange>;
    },
  ): Promise<
    | { readonly kind: 'stored'; readonly incident: Incident }
    | { readonly kind: 'answer'; readonly answer: CallerAnswer }
  >;
  /** A click on a run, from the one question whether they may to the write. */
  applyToRun<Answer>(id: string, click: RunClick<Answer>): Promise<AppliedToRun<Answer>>;
}

/** Subject of a click as it stood then, for the audit. */
export type About = { readonly run: Run } | { readonly incident: Incident } | { readonly cluster: string };

/** What is written down with a change: the audit's entry, and lines for the thread. */
export interface ChangeRecord {
  readonly actor: string;
  readonly event: AuditEvent;
  readonly text: string;
  /** Whom the text and the lines name: their ids. @default nobody */
  readonly people?: readonly string[];
  /** Field of `run.ruled`. */
  readonly ruling?: NonNullable<AuditEntry['ruling']>;
  readonly lines?: readonly string[];
  /** A line for the whole channel, which calls these people and groups by their names. */
  readonly loud?: { readonly text: string; readonly mentions: readonly string[] };
}

/** A no, or what needs no change. With `refusal` it is written to the audit. */
export interface Unchanged<Answer> {
  readonly kind: 'answer';
  readonly answer: Answer;
  readonly refusal?: { readonly what: string; readonly why: string };
}

/** What a click comes to on an incident as it is now. */
export type IncidentChange =
  | Unchanged<CallerAnswer>
  | { readonly kind: 'store'; readonly next: Incident; readonly record: ChangeRecord };

/** What a click comes to on a run as it is now: an input for the engine, which makes the next value. */
export type RunChange<Answer> =
  | Unchanged<Answer>
  | { readonly kind: 'apply'; readonly input: RunInput; readonly record: (next: Run) => ChangeRecord };

/** A click on a run. */
export interface RunClick<Answer> {
  readonly caller: Caller;
  /** What they need for it. Asked once. */
  readonly permission: (run: Run) => Permission;
  /** What it comes to. Asked again on the newest value whenever somebody else came between. */
  readonly change: (run: Run, at: ClickPlace) => RunChange<Answer> | Promise<RunChange<Answer>>;
}

/** Who clicks, and the cluster of the run that they click on. */
export interface ClickPlace {
  readonly principal: Principal;
  readonly cluster: ClusterHandle;
}

/** What became of a click on a run. */
export type AppliedToRun<Answer> =
  | { readonly kind: 'stored'; readonly run: Run }
  /** The engine took no notice: the input does not fit the run as it is now. */
  | { readonly kind: 'unchanged'; readonly run: Run }
  /** They may not, or the run is not known. */
  | { readonly kind: 'refused'; readonly answer: CallerAnswer }
  | { readonly kind: 'answer'; readonly answer: Answer };

export function createTransitions(context: BotContext, people: People): Transitions {
  const { stores, clock } = context;

  const refuse: Transitions['refuse'] = async (what, why, caller, about) => {
    await stores.audit.append({
      atMs: clock.now(),
      actor: actorOf(caller),
      event: 'click.refused',
      text: refusalWords(what, why),
      ...idsOf(about),
      ...auditSurfaceOf(caller),
      ...standingOf(about),
    });
  };

  /** Records a refusal in the audit, and names the approvers to whoever has no rights. */
  const noted = async (
    ask: Permission,
    decision: Decision,
    caller: Caller,
    about: About,
  ): Promise<Decision> => {
    if (decision.allowed) {
      return decision;
    }
    await refuse(ask.kind, decision.why, caller, about);
    return decision.why === 'no-rights'
      ? { ...decision, because: `${decision.because}${await whoElse(people)}` }
      : decision;
  };

  const entryOf = (
    { actor, event, text, people, ruling }: ChangeRecord,
    caller: Caller,
    about: About,
    standing: Pick<AuditEntry, 'before' | 'after'>,
  ): AuditEntry => ({
    ...{ atMs: clock.now(), actor, event, text },
    ...idsOf(about),
    ...auditSurfaceOf(caller),
    ...standing,
    ...peopleField(people),
    ...definite({ ruling }),
  });

  const linesOf = ({ lines = [], loud, people }: ChangeRecord): readonly TimelineEntry[] => [
    ...lines.map((text) => ({ atMs: clock.now(), text, ...peopleField(people) })),
    ...(loud === undefined ? [] : [{ atMs: clock.now(), broadcast: true, ...loud, ...peopleField(people) }]),
  ];

  return {
    context,
    people,

    refuse,

    async allow(ask, caller, about) {
      const { principal, surfaceAt } = await rightsOf(context, people, caller);
      return await noted(ask, authorize(ask, principal, surfaceAt(idsOf(about).cluster)), caller, about);
    },

    applyToIncident: (id, { caller, change }) =>
      untilStored(id, async () => {
        const incident = await stores.incidents.get(id);
        if (incident === undefined) {
          return { kind: 'answer', answer: unknownAnswer(id) };
        }
        const changed = await change(incident);
        if (changed.kind === 'answer') {
          const { refusal, answer } = changed;
          if (refusal !== undefined) {
            await refuse(refusal.what, refusal.why, caller, { incident });
          }
          return { kind: 'answer', answer };
        }
        const { record } = changed;
        const next = { ...changed.next, version: incident.version + 1 };
        const standing = { before: stateWordOf(incident), after: stateWordOf(next) };
        const entry = entryOf(record, caller, { incident }, standing);
        if ((await stores.incidents.put(next, incident.version, entry, linesOf(record))) !== 'stored') {
          return 'conflict';
        }
        await notifySoon(context, id);
        return { kind: 'stored', incident: next };
      }),

    async applyToRun(id, { caller, permission, change }) {
      const { principal, surfaceAt } = await rightsOf(context, people, caller);
      let isAllowed = false;
      return await untilStored(id, async () => {
        const run = await stores.runs.get(id);
        const runbook = context.book.find((known) => known.id === run?.runbook);
        const cluster = run === undefined ? undefined : context.clusters.get(run.cluster);
        if (run === undefined || runbook === undefined || cluster === undefined) {
          return { kind: 'refused', answer: unknownAnswer(id) };
        }
        if (!isAllowed) {
          const ask = permission(run);
          const decision = authorize(ask, principal, surfaceAt(run.cluster));
          const told = await noted(ask, decision, caller, { run });
          if (!told.allowed) {
            return { kind: 'refused', answer: { text: told.because, refused: true } };
          }
          isAllowed = true;
        }
        const changed = await change(run, { principal, cluster });
        if (changed.kind === 'answer') {
          const { refusal, answer } = changed;
          if (refusal !== undefined) {
            await refuse(refusal.what, refusal.why, caller, { run });
          }
          return { kind: 'answer', answer };
        }
        const next = advance(runbook, run, changed.input, await engineTools(context, cluster));
        if (next === run) {
          return { kind: 'unchanged', run };
        }
        const record = changed.record(next);
        const value = { ...next, version: run.version + 1 };
        const entry = entryOf(
          record,
          caller,
          { run },
          {
            ...planOf(next),
            ...{ before: run.state, after: next.state },
          },
        );
        if ((await stores.runs.put(value, run.version, entry, linesOf(record))) !== 'stored') {
          return 'conflict';
        }
        await carryOnSoon(context, id);
        await notifySoon(context, run.incident);
        return { kind: 'stored', run: value };
      });
    },
  };
}

/** Ids of what an entry is about. */
function idsOf(about: About): {
  readonly cluster: string;
  readonly incident?: string;
  readonly run?: string;
} {
  if ('run' in about) {
    const { cluster, incident, id } = about.run;
    return { cluster, incident, run: id };
  }
  return 'incident' in about ? { cluster: about.incident.cluster, incident: about.incident.id } : about;
}

/** How it stood when a click on it was refused: it stands so still. */
function standingOf(about: About): Partial<AuditEntry> {
  if ('run' in about) {
    const { run } = about;
    return { ...planOf(run), before: run.state, after: run.state };
  }
  if (!('incident' in about)) {
    return {};
  }
  const state = stateWordOf(about.incident);
  return { before: state, after: state };
}

const unknownAnswer = (id: string): CallerAnswer => ({
  text: `No record of ${id}. Incidents and runs are kept for 90 days.`,
  refused: true,
});

const APPROVERS_NAMED = 6;

/** Whom to wake instead. */
async function whoElse(people: People): Promise<string> {
  const names = [...(await people.names(await people.approvers())).values()].toSorted();
  const shown = names.slice(0, APPROVERS_NAMED);
  const more = names.length > shown.length ? ' and others' : '';
  return names.length === 0 ? '' : ` Approvers: ${shown.join(', ')}${more}.`;
}

/** A failure to queue is no failure of the vote: the run is stored, and the bot resumes active runs. */
export async function carryOnSoon({ jobQueue, log }: BotContext, run: string): Promise<void> {
  try {
    await jobQueue.carryOn(run);
  } catch (error) {
    log.warn({ err: error, run }, 'A run could not be queued; it continues with the next sweep');
  }
}
