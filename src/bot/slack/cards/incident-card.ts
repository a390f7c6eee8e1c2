import { activeStates, type Incident } from '../../../runbooks/index.ts';
import type { Button, KnownBlock } from '../../ports/slack-blocks.ts';
import { whatItLeft } from '../../wording/how-it-ended.ts';
import { nameOf, priority, sentence, span } from '../../wording/words.ts';
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
} from '../message/blocks.ts';
import { literal } from '../message/escape.ts';
import { haltedSection } from '../message/halted.ts';
import { actionIds } from '../message/ids.ts';
import {
  type CardState,
  type IncidentCardInput,
  pushText,
  stateOf,
  whatIsHappening,
} from './incident-words.ts';

/** Facts on a card: more would hide the buttons on a phone. */
const FACTS_SHOWN = 4;

/** Message of an incident, from firing to resolved. Fits one screen of a phone. */
export function incidentCard(input: IncidentCardInput): Rendered {
  const { incident, spoken, halt, names } = input;
  const state = stateOf(input);
  const now = whatIsHappening(input, state);
  const content: KnownBlock[] = [
    header(`${headWord(incident, state)} - ${incident.cluster}`),
    // What was true while it lasted would read as if it still were.
    ...(state === 'resolved' ? [] : [plainSection(sentence(spoken.headline))]),
    ...(state === 'resolved' || spoken.facts.length === 0 ? [] : [pairs(spoken.facts.slice(0, FACTS_SHOWN))]),
    ...(halt !== undefined && isUnderWay(input) ? [haltedSection(halt, incident.cluster, names)] : []),
    ...(state === 'resolved' || input.stopper === undefined
      ? []
      : [plainSection(`${whatItLeft(input.stopper)} That run belonged to ${input.stopper.incident}.`)]),
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

/** State of an incident in one word: it stands in the largest type, on a phone too. */
const headWords: Readonly<Record<CardState, string>> = {
  firing: 'FIRING',
  acknowledged: 'ACKNOWLEDGED',
  repairing: 'REPAIRING',
  halted: 'HALTED',
  muted: 'MUTED',
  resolved: 'RESOLVED',
};

function headWord(incident: Incident, state: CardState): string {
  return state === 'resolved' ? headWords.resolved : `${priority[incident.severity]} ${headWords[state]}`;
}

function footer(input: IncidentCardInput, state: CardState): string[] {
  const { incident } = input;
  const muted = Object.entries(input.muted).map(([runbook, count]) => `${count} ${runbook}`);
  const since = moment(incident.openedAtMs, '{date_short_pretty} {time_secs}');
  return [
    ...(input.maintenance === undefined || state === 'resolved'
      ? []
      : [`maintenance until ${moment(input.maintenance.untilMs)}`]),
    ...ownerWords(input, state),
    incident.id,
    literal(input.spoken.title, 100),
    `since ${since}`,
    ...(state === 'resolved' && incident.resolvedAtMs !== undefined
      ? [`until ${moment(incident.resolvedAtMs)}`]
      : []),
    ...(state !== 'resolved' && incident.cleanSweeps > 0 ? [goneWords(input)] : []),
    // Once it is over it explains nothing any more: what is left gets a card of its own.
    ...(muted.length === 0 || state === 'resolved'
      ? []
      : [`Muted symptoms: ${literal(muted.join(', '), 300)}`]),
  ];
}

/** The last sweeps did not see it any more; while a run treats it, it stays open until that run is over. */
function goneWords({ incident: { cleanSweeps }, resolveAfterSweeps, sweepMs }: IncidentCardInput): string {
  const left = resolveAfterSweeps - cleanSweeps;
  const when =
    left > 0 ? `after ${left === 1 ? 'one more look' : `${left} more looks`}` : 'once its run is over';
  return `gone for ${span(cleanSweeps * sweepMs)}; resolves ${when}`;
}

function ownerWords({ incident: { owner }, names }: IncidentCardInput, state: CardState): string[] {
  if (owner !== undefined) {
    return [`Owner: ${literal(nameOf(names, owner), 100)}`];
  }
  return state === 'resolved' ? [] : ['Owner: nobody yet'];
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
