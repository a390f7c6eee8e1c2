import type { Incident, Run, RunInput } from '../../runbooks/index.ts';
import { advance } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import type { People } from '../ports/people.ts';
import type { AuditEntry, TimelineEntry } from '../record/entry.ts';
import { surfaceOf } from '../record/entry.ts';
import { standingOf } from '../record/news-story.ts';
import { planOf } from '../record/run-story.ts';
import type { Answer, Click } from './answer.ts';
import { engineTools } from './engine-tools.ts';
import { type Ask, decide, type Surface } from './rules/authorize.ts';
import type { Decision } from './rules/decision.ts';
import { refusalWords } from './rules/refusal-words.ts';
import { tellSoon } from './tell-soon.ts';

/**
 * Somebody else may write between reading and writing. Each time one of them has got through, so that a whole team that
 * clicks at once is served within this many; beyond it something is wrong.
 */
const ATTEMPTS = 50;

/** What every transition needs: the state, who people are, and one way to change each thing. */
export interface Counter {
  readonly context: BotContext;
  readonly people: People;
  /** Writes a refusal to the audit: who, what, why, about which plan, and how it stands. */
  refuse(what: string, why: string, click: Click, about: About): Promise<void>;
  /** May they? A no is written to the audit. */
  allow(ask: Ask, click: Click, about: About): Promise<Decision>;
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
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'store'; readonly next: Value; readonly story: Story };

export type RunStep =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'advance'; readonly input: RunInput; readonly story: (next: Run) => Story };

/** What is written down with the change: the audit's entry, and lines for the thread. */
export interface Story {
  readonly actor: string;
  readonly event: string;
  readonly text: string;
  readonly lines?: readonly string[];
  /** A line for the whole channel, which calls these people and groups by their names. */
  readonly loud?: { readonly text: string; readonly mentions: readonly string[] };
}

export type Changed<Value> =
  | { readonly kind: 'stored'; readonly value: Value }
  /** The engine took no notice: the input does not fit the run as it is now. */
  | { readonly kind: 'unchanged'; readonly value: Value }
  | { readonly kind: 'answer'; readonly answer: Answer };

export function createCounter(context: BotContext, people: People): Counter {
  const { stores, clock, config } = context;

  const entryOf = (story: Story, about: About, more: Partial<AuditEntry> = {}): AuditEntry => ({
    atMs: clock.now(),
    actor: story.actor,
    event: story.event,
    cluster: about.cluster,
    text: story.text,
    ...(about.incident === undefined ? {} : { incident: about.incident }),
    ...(about.run === undefined ? {} : { run: about.run }),
    ...surfaceOf(story.actor),
    ...more,
  });

  /** What a refused click was about, as it stood then: it stands so still. */
  const standing = async ({ run: id, incident }: About): Promise<Partial<AuditEntry>> => {
    if (id !== undefined) {
      const run = await stores.runs.get(id);
      return run === undefined ? {} : { ...planOf(run), before: run.state, after: run.state };
    }
    const found = incident === undefined ? undefined : await stores.incidents.get(incident);
    return found === undefined ? {} : { before: standingOf(found), after: standingOf(found) };
  };

  const refuse: Counter['refuse'] = async (what, why, click, about) => {
    const story = { actor: actorOf(click), event: 'click.refused', text: refusalWords(what, why) };
    await stores.audit.append(entryOf(story, about, await standing(about)));
  };

  const linesOf = ({ lines = [], loud }: Story): readonly TimelineEntry[] => [
    ...lines.map((text) => ({ atMs: clock.now(), text })),
    ...(loud === undefined ? [] : [{ atMs: clock.now(), broadcast: true, ...loud }]),
  ];

  async function whereFrom({ terminal, channel }: Click, about: About): Promise<Surface> {
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

    async allow(ask, click, about) {
      const [principal, surface] = await Promise.all([people.principal(click), whereFrom(click, about)]);
      const decision = decide(ask, principal, surface);
      if (!decision.allowed) {
        await refuse(ask.kind, decision.why, click, about);
        return decision.why === 'no-rights'
          ? { ...decision, because: `${decision.because}${await whoElse(people)}` }
          : decision;
      }
      return decision;
    },

    async changeIncident(id, step) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const incident = await stores.incidents.get(id);
        if (incident === undefined) {
          return { kind: 'answer', answer: { text: `I do not know ${id} any more.`, refused: true } };
        }
        const change = await step(incident);
        if (change.kind === 'answer') {
          return change;
        }
        const { next, story } = change;
        const value = { ...next, version: incident.version + 1 };
        const entry = entryOf(
          story,
          { cluster: incident.cluster, incident: id },
          { before: standingOf(incident), after: standingOf(next) },
        );
        if ((await stores.incidents.put(value, incident.version, entry, linesOf(story))) === 'stored') {
          await tellSoon(context, id);
          return { kind: 'stored', value };
        }
      }
      throw new Error(`${id} was changed by others ${ATTEMPTS} times in a row`);
    },

    async changeRun(id, step) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
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
        const story = change.story(next);
        const about = { cluster: run.cluster, incident: run.incident, run: id };
        const value = { ...next, version: run.version + 1 };
        const entry = entryOf(story, about, { ...planOf(next), before: run.state, after: next.state });
        if ((await stores.runs.put(value, run.version, entry, linesOf(story))) === 'stored') {
          await carryOnSoon(context, id);
          await tellSoon(context, run.incident);
          return { kind: 'stored', value };
        }
      }
      throw new Error(`${id} was changed by others ${ATTEMPTS} times in a row`);
    },
  };
}

/** Who it is in the audit: at a terminal both names count. */
export const actorOf = ({ user, terminal }: Click): string =>
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
export async function carryOnSoon({ courier, log }: BotContext, run: string): Promise<void> {
  try {
    await courier.carryOn(run);
  } catch (error) {
    log.warn({ err: error, run }, 'A run could not be queued; it is carried on with the next sweep');
  }
}
