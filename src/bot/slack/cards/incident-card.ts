import type { Button, KnownBlock } from '@slack/types';
import { activeStates, deedsOf, type Incident, type Run } from '../../../runbooks/index.ts';
import { howItEnded, whatItLeft } from '../../how-it-ended.ts';
import type { Announced } from '../../maintenance.ts';
import type { Halt } from '../../stores/stores.ts';
import {
  actions,
  button,
  context,
  header,
  moment,
  mrkdwn,
  notification,
  pairs,
  plainSection,
  type Rendered,
  small,
  versionOf,
  withId,
} from '../blocks.ts';
import { literal } from '../escape.ts';
import { haltedSection } from '../halted.ts';
import { actionIds } from '../ids.ts';
import type { Spoken } from '../spoken.ts';
import { isAboutToAct, turnOf } from '../turn.ts';
import { counted, type Names, nameOf, priority, sentence, span, withNames } from '../words.ts';

export interface IncidentCardInput {
  readonly incident: Incident;
  readonly spoken: Spoken;
  /** The newest run that treats it. */
  readonly run?: Run;
  /** All its runs, the oldest first: they say how it ended. @default the newest alone */
  readonly runs?: readonly Run[];
  /** A run of another incident that left its node stopped. */
  readonly stopper?: Run;
  /** Symptoms that stay silent below it: how many, by the name of their runbook. */
  readonly muted: Readonly<Record<string, number>>;
  readonly resolveAfterSweeps: number;
  /** Somebody stopped all repairs of this cluster. */
  readonly halt?: Halt;
  /** Planned work: it is told quietly. */
  readonly maintenance?: Announced;
  readonly names: Names;
}

type CardState = 'firing' | 'acknowledged' | 'repairing' | 'halted' | 'muted' | 'resolved';

/** The one message of an incident, from firing to resolved. Fits one screen of a phone. */
export function incidentCard(input: IncidentCardInput): Rendered {
  const { incident, spoken, halt, names } = input;
  const state = stateOf(input);
  const now = whatIsHappening(input, state);
  const content: KnownBlock[] = [
    header(`${headWord(incident, state)} - ${incident.cluster}`),
    // What was true while it lasted would read as if it still were.
    ...(state === 'resolved' ? [] : [plainSection(sentence(spoken.headline))]),
    ...(state === 'resolved' || spoken.facts.length === 0 ? [] : [pairs(spoken.facts)]),
    ...(halt !== undefined && isUnderWay(input) ? [haltedSection(halt, incident.cluster, names)] : []),
    ...(state === 'resolved' || input.stopper === undefined
      ? []
      : [plainSection(`${whatItLeft(input.stopper)} It was of ${input.stopper.incident}.`)]),
    ...(now === undefined ? [] : [plainSection(now)]),
    ...(state === 'resolved' ? [context([small(`It was: ${sentence(spoken.headline)}`)])] : []),
    context([mrkdwn(footer(input, state).join(' · '))]),
  ];
  const quiet = input.maintenance === undefined || state === 'resolved' ? '' : 'Maintenance, no hurry: ';
  const text = notification(`${quiet}${pushText(input, state)}`);
  const buttons = buttonsFor(input, state);
  const id = `${incident.id}.${versionOf(text, content, buttons)}`;
  return {
    text,
    blocks: [...withId(content, id), ...(buttons.length === 0 ? [] : [actions(`${id}.buttons`, buttons)])],
  };
}

const isUnderWay = ({ incident, run }: IncidentCardInput): boolean =>
  incident.state === 'open' && run !== undefined && activeStates.includes(run.state);

function stateOf({ incident, run, halt }: IncidentCardInput): CardState {
  if (incident.state === 'resolved') {
    return 'resolved';
  }
  if (run !== undefined && isRepairing(run)) {
    return halt === undefined ? 'repairing' : 'halted';
  }
  if (incident.mutedBy !== undefined) {
    return 'muted';
  }
  return incident.owner === undefined ? 'firing' : 'acknowledged';
}

const isRepairing = (run: Run): boolean =>
  run.state === 'checking' || run.state === 'acting' || run.state === 'unknown';

/** One short word each: it stands in the largest type, on a phone too. */
const headWords: Readonly<Record<CardState, string>> = {
  firing: 'FIRING',
  acknowledged: 'TAKEN',
  repairing: 'REPAIRING',
  halted: 'HALTED',
  muted: 'MUTED',
  resolved: 'RESOLVED',
};

function headWord(incident: Incident, state: CardState): string {
  return state === 'resolved' ? headWords.resolved : `${priority[incident.severity]} ${headWords[state]}`;
}

/** The first hundred characters decide whether somebody gets up. */
function pushText(input: IncidentCardInput, state: CardState): string {
  const { incident, spoken, names, run } = input;
  const headline = sentence(spoken.headline);
  const start = `${priority[incident.severity]} ${incident.cluster}: ${headline}`;
  switch (state) {
    case 'firing':
      return `${start} ${incident.severity === 'info' ? 'For information.' : 'Needs an owner.'}`;
    case 'acknowledged':
      return `${start} ${nameOf(names, incident.owner ?? '')} is on it.`;
    case 'repairing':
      return `${start} ${repairWords(run, names)}`;
    case 'halted':
      return `${start} Halted. ${haltedWords(run, names)}`;
    case 'muted':
      return `${start} Explained by ${incident.mutedBy ?? 'another incident'}.`;
    case 'resolved':
      return `Resolved ${incident.cluster}: ${spoken.title} (${incident.subject}). ${endWords(input)}`;
  }
}

function whatIsHappening(input: IncidentCardInput, state: CardState): string | undefined {
  const { incident, spoken, run, names } = input;
  if (state === 'resolved') {
    return endWords(input);
  }
  if (state === 'muted') {
    return `This is explained by ${incident.mutedBy ?? 'another incident'} and is not told by itself.`;
  }
  if (state === 'repairing') {
    return repairWords(run, names);
  }
  if (state === 'halted') {
    return haltedWords(run, names);
  }
  if (run?.state === 'proposed') {
    return 'A plan is ready. Nothing runs before it is approved.';
  }
  if (run?.state === 'diagnosing') {
    return 'Diagnosis is running. It only reads.';
  }
  if (run?.state === 'failed') {
    return `The repair did not work: ${sentence(withNames(run.because ?? 'the thread says why', names))}`;
  }
  if (run?.state === 'cancelled' && deedsOf(run).length > 0) {
    return `Not repaired: ${sentence(withNames(run.because ?? '', names))}`;
  }
  if (run?.state !== 'stopped') {
    return undefined;
  }
  if (!spoken.hasFix) {
    // What to do instead stands among the facts, and the reason in the thread: not a third time here.
    return 'Diagnosis done: nothing to repair on the broker. The thread shows what was seen.';
  }
  return `No repair is offered: ${sentence(withNames(run.because ?? 'see the thread', names))}`;
}

function repairWords(run: Run | undefined, names: Names): string {
  if (run?.state === 'unknown') {
    return 'Repair stands still: it is not known whether a step has happened. A person must say; see the thread.';
  }
  const total = run?.plan?.items.length ?? 0;
  if (run?.state !== 'acting' || total === 0) {
    return 'Approved. Checking once more before anything is done.';
  }
  const index = Math.min(turnOf(run), total - 1);
  const wanted =
    run.stopWanted === undefined
      ? ''
      : ` It ends after that: ${nameOf(names, run.stopWanted.by)} wants it to stop.`;
  return `Repair is running: step ${index + 1} of ${total}, ${run.plan?.items[index]?.title ?? ''}.${wanted}`;
}

/** What goes on although no further step begins. */
function haltedWords(run: Run | undefined, names: Names): string {
  const items = run?.plan?.items ?? [];
  if (run?.state === 'unknown') {
    return repairWords(run, names);
  }
  if (run?.state !== 'acting' || items.length === 0) {
    return 'The plan is approved and waits; no step has begun.';
  }
  const index = Math.min(turnOf(run), items.length - 1);
  const step = `step ${index + 1} of ${items.length}, ${items[index]?.title ?? ''}`;
  if (run.stopWanted !== undefined) {
    return `It is at ${step}, and ends after it: ${nameOf(names, run.stopWanted.by)} wants it to stop.`;
  }
  return isAboutToAct(run) ? `It waits before ${step}.` : `It is at ${step}; nothing is begun after it.`;
}

function endWords({ incident, run, runs, names }: IncidentCardInput): string {
  const lasted = span((incident.resolvedAtMs ?? incident.lastSeenAtMs) - incident.openedAtMs);
  const ended = howItEnded(runs ?? (run === undefined ? [] : [run]));
  switch (ended.kind) {
    case 'repaired': {
      const approvers = [...new Set(ended.run.votes.map((vote) => nameOf(names, vote.by)))];
      const by = approvers.length === 0 ? '' : `, approved by ${approvers.join(' and ')}`;
      return `Repaired by ${ended.run.id}${by}. It lasted ${lasted}.`;
    }
    case 'touched':
      return `Not repaired by Watership: ${whatItLeft(ended.run)} It lasted ${lasted}.`;
    case 'untouched':
      return `It went away without a repair by Watership. It lasted ${lasted}.`;
  }
}

function footer(input: IncidentCardInput, state: CardState): string[] {
  const { incident, names } = input;
  const muted = Object.entries(input.muted).map(([runbook, count]) => `${count} ${runbook}`);
  const since = moment(incident.openedAtMs, '{date_short_pretty} {time_secs}');
  return [
    ...(input.maintenance === undefined || state === 'resolved'
      ? []
      : [`maintenance until ${moment(input.maintenance.untilMs)}`]),
    `Owner: ${incident.owner === undefined ? 'nobody yet' : literal(nameOf(names, incident.owner), 100)}`,
    incident.id,
    literal(input.spoken.title, 100),
    `since ${since}`,
    ...(state === 'resolved' && incident.resolvedAtMs !== undefined
      ? [`until ${moment(incident.resolvedAtMs)}`]
      : []),
    ...(state !== 'resolved' && incident.cleanSweeps > 0
      ? [`not seen for ${counted(incident.cleanSweeps, 'sweep')}, resolves at ${input.resolveAfterSweeps}`]
      : []),
    ...(muted.length === 0 ? [] : [`Muted below this: ${literal(muted.join(', '), 300)}`]),
  ];
}

/** The safe choice first, at most three, none once it is over. */
function buttonsFor({ incident, spoken, run }: IncidentCardInput, state: CardState): Button[] {
  if (state === 'resolved' || state === 'muted') {
    return [];
  }
  const take = button(actionIds.acknowledge, 'I’m on it', incident.id, 'primary');
  const owned = incident.owner === undefined ? [take] : [];
  if (state === 'repairing' || state === 'halted') {
    return owned;
  }
  const isReady = run?.state === 'proposed';
  return [
    ...owned,
    button(actionIds.diagnose, 'Diagnose', incident.id),
    ...(spoken.hasFix
      ? [
          button(
            actionIds.review,
            'Review fix',
            incident.id,
            isReady && owned.length === 0 ? 'primary' : undefined,
          ),
        ]
      : []),
  ];
}
