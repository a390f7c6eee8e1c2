import type { Incident, Run, RunInput } from '../../runbooks/index.ts';
import { advance } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import type { People } from '../ports/people.ts';
import type { AuditEvent } from '../record/audit-events.ts';
import type { AuditEntry, TimelineEntry } from '../record/entry.ts';
import { surfaceOf } from '../record/entry.ts';
import { stateWordOf } from '../record/incident-record.ts';
import { planOf } from '../record/run-record.ts';
import { untilStored } from '../stores/until-stored.ts';
import type { Caller, CallerAnswer } from './answer.ts';
import { engineTools } from './engine-tools.ts';
import { notifySoon } from './notify-soon.ts';
import { authorize, type Permission, type Surface } from './rules/authorize.ts';
import type { Decision } from './rules/decision.ts';
import { refusalWords } from './rules/refusal-words.ts';

/** What every transition needs: the state, who people are, and one way to change each thing. */
export interface Transitions {
  readonly context: BotContext;
  readonly people: People;
  /** Writes a refusal to the audit: who, what, why, about which plan, and how it stands. */
  refuse(what: string, why: string, caller: Caller, about: About): Promise<void>;
  /** May they? A no is written to the audit. */
  allow(ask: Permission, caller: Caller, about: About): Promise<Decision>;
  /** Reads, decides and writes an incident until nobody came between. */
  changeIncident(
    id: string,
    step: (incident: Incident) => Change<Incident> | Promise<Change<Incident>>,
  ): Promise<Changed<Incident>>;
  /** The same for a run, whose next value the engine makes. */
  changeRun(id: string, step: (run: Run) => RunStep | Promise<RunStep>): Promise<Changed<Run>>;
}

/** What a click is about, for the audit and for the channel it belongs to. */
export interface About {
  readonly cluster: string;
  readonly incident?: string;
  readonly run?: string;
}

export type Change<Value> =
  | { readonly kind: 'answer'; readonly answer: CallerAnswer }
  | { readonly kind: 'store'; readonly next: Value; readonly record: ChangeRecord };

export type RunStep =
  | { readonly kind: 'answer'; readonly answer: CallerAnswer }
  | { readonly kind: 'advance'; readonly input: RunInput; readonly record: (next: Run) => ChangeRecord };

/** What is written down with the change: the audit's entry, and lines for the thread. */
export interface ChangeRecord {
  readonly actor: string;
  readonly event: AuditEvent;
  readonly text: string;
  readonly lines?: readonly string[];
  /** A line for the whole channel, which calls these people and groups by their names. */
  readonly loud?: { readonly text: string; readonly mentions: readonly string[] };
}

export type Changed<Value> =
  | { readonly kind: 'stored'; readonly value: Value }
  /** The engine took no notice: the input does not fit the run as it is now. */
  | { readonly kind: 'unchanged'; readonly value: Value }
  | { readonly kind: 'answer'; readonly answer: CallerAnswer };

export function createTransitions(context: BotContext, people: People): Transitions {
  const { stores, clock, config } = context;

  const entryOf = (record: ChangeRecord, about: About, more: Partial<AuditEntry> = {}): AuditEntry => ({
    atMs: clock.now(),
    actor: record.actor,
    event: record.event,
    cluster: about.cluster,
    text: record.text,
    ...(about.incident === undefined ? {} : { incident: about.incident }),
    ...(about.run === undefined ? {} : { run: about.run }),
    ...surfaceOf(record.actor),
    ...more,
  });

  /** What a refused click was about, as it stood then: it stands so still. */
  const standing = async ({ run: id, incident }: About): Promise<Partial<AuditEntry>> => {
    if (id !== undefined) {
      const run = await stores.runs.get(id);
      return run === undefined ? {} : { ...planOf(run), before: run.state, after: run.state };
    }
    const found = incident === undefined ? undefined : await stores.incidents.get(incident);
    return found === undefined ? {} : { before: stateWordOf(found), after: stateWordOf(found) };
  };

  const refuse: Transitions['refuse'] = async (what, why, caller, about) => {
    const record = { actor: actorOf(caller), event: 'click.refused' as const, text: refusalWords(what, why) };
    await stores.audit.append(entryOf(record, about, await standing(about)));
  };

  const linesOf = ({ lines = [], loud }: ChangeRecord): readonly TimelineEntry[] => [
    ...lines.map((text) => ({ atMs: clock.now(), text })),
    ...(loud === undefined ? [] : [{ atMs: clock.now(), broadcast: true, ...loud }]),
  ];

  async function whereFrom({ terminal, channel }: Caller, about: About): Promise<Surface> {
    if (terminal !== undefined) {
      return { kind: 'terminal' };
    }
    if (channel === undefined) {
      return { kind: 'command' };
    }
    return {
      kind: 'channel',
      channel,
      expected: context.clusters.get(about.cluster)?.config.channel ?? config.slack.channel,
      sharing: await people.sharing(channel),
    };
  }

  return {
    context,
    people,

    refuse,

    async allow(ask, caller, about) {
      const [principal, surface] = await Promise.all([people.principal(caller), whereFrom(caller, about)]);
      const decision = authorize(ask, principal, surface);
      if (!decision.allowed) {
        await refuse(ask.kind, decision.why, caller, about);
        return decision.why === 'no-rights'
          ? { ...decision, because: `${decision.because}${await whoElse(people)}` }
          : decision;
      }
      return decision;
    },

    changeIncident: (id, step) =>
      untilStored(id, async () => {
        const incident = await stores.incidents.get(id);
        if (incident === undefined) {
          return { kind: 'answer', answer: { text: `I do not know ${id} any more.`, refused: true } };
        }
        const change = await step(incident);
        if (change.kind === 'answer') {
          return change;
        }
        const { next, record } = change;
        const value = { ...next, version: incident.version + 1 };
        const entry = entryOf(
          record,
          { cluster: incident.cluster, incident: id },
          { before: stateWordOf(incident), after: stateWordOf(next) },
        );
        if ((await stores.incidents.put(value, incident.version, entry, linesOf(record))) !== 'stored') {
          return 'conflict';
        }
        await notifySoon(context, id);
        return { kind: 'stored', value };
      }),

    changeRun: (id, step) =>
      untilStored(id, async () => {
        const run = await stores.runs.get(id);
        const runbook = context.book.find((known) => known.id === run?.runbook);
        const handle = run === undefined ? undefined : context.clusters.get(run.cluster);
        if (run === undefined || runbook === undefined || handle === undefined) {
          return { kind: 'answer', answer: { text: `I do not know ${id} any more.`, refused: true } };
        }
        const change = await step(run);
        if (change.kind === 'answer') {
          return change;
        }
        const next = advance(runbook, run, change.input, await engineTools(context, handle));
        if (next === run) {
          return { kind: 'unchanged', value: run };
        }
        const record = change.record(next);
        const about = { cluster: run.cluster, incident: run.incident, run: id };
        const value = { ...next, version: run.version + 1 };
        const entry = entryOf(record, about, { ...planOf(next), before: run.state, after: next.state });
        if ((await stores.runs.put(value, run.version, entry, linesOf(record))) !== 'stored') {
          return 'conflict';
        }
        await carryOnSoon(context, id);
        await notifySoon(context, run.incident);
        return { kind: 'stored', value };
      }),
  };
}

/** Who it is in the audit: at a terminal both names count. */
export const actorOf = ({ user, terminal }: Caller): string =>
  terminal === undefined || terminal === user ? user : `${terminal} (${user})`;

const APPROVERS_NAMED = 6;

/** Whom to wake instead. */
async function whoElse(people: People): Promise<string> {
  const names = [...(await people.names(await people.approvers())).values()].toSorted();
  const shown = names.slice(0, APPROVERS_NAMED);
  const more = names.length > shown.length ? ' and others' : '';
  return names.length === 0 ? '' : ` Approvers: ${shown.join(', ')}${more}.`;
}

/** Not being able to ask is no failure of the vote: the run is stored, and the bot carries on what is active. */
export async function carryOnSoon({ jobQueue, log }: BotContext, run: string): Promise<void> {
  try {
    await jobQueue.carryOn(run);
  } catch (error) {
    log.warn({ err: error, run }, 'A run could not be queued; it is carried on with the next sweep');
  }
}
