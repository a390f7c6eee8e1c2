import { deedsOf, type Incident, type Run } from '../../../runbooks/index.ts';
import type { Announced } from '../../approvals/maintenance-window.ts';
import type { Halt } from '../../stores/stores.ts';
import { howItEnded, whatItLeft } from '../../wording/how-it-ended.ts';
import type { RunbookText } from '../../wording/runbook-text.ts';
import { listed, type Names, nameOf, priority, sentence, span, withNames } from '../../wording/words.ts';
import { currentItemOf, isAboutToAct } from '../message/current-item.ts';

/** Input of an incident's card. */
export interface IncidentCardInput {
  readonly incident: Incident;
  readonly spoken: RunbookText;
  /** The newest run that treats it. */
  readonly run?: Run;
  /** All its runs, the oldest first: they say how it ended. @default the newest alone */
  readonly runs?: readonly Run[];
  /** A run of another incident that left its node stopped. */
  readonly stopper?: Run;
  /** Symptoms that stay silent below it: how many, by the name of their runbook. */
  readonly muted: Readonly<Record<string, number>>;
  readonly resolveAfterSweeps: number;
  /** How far apart the sweeps are. */
  readonly sweepMs: number;
  /** Somebody stopped all repairs of this cluster. */
  readonly halt?: Halt;
  /** Announced maintenance: the card is posted without notification. */
  readonly maintenance?: Announced;
  readonly names: Names;
}

/** State of an incident as people read it. */
export type CardState = 'firing' | 'acknowledged' | 'repairing' | 'halted' | 'muted' | 'resolved';

/** State of a card: what is being done about the incident goes before who owns it. */
export function stateOf({ incident, run, halt }: IncidentCardInput): CardState {
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

/** The first hundred characters decide whether somebody gets up. */
export function pushText(input: IncidentCardInput, state: CardState): string {
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

/** Sentence about what is being done, or what came of it; undefined while nothing is. */
export function whatIsHappening(input: IncidentCardInput, state: CardState): string | undefined {
  const { incident, spoken, run, names } = input;
  if (state === 'resolved') {
    return endWords(input);
  }
  if (state === 'muted') {
    return `This is explained by ${incident.mutedBy ?? 'another incident'} and is not reported separately.`;
  }
  if (state === 'repairing') {
    return repairWords(run, names);
  }
  if (state === 'halted') {
    return haltedWords(run, names);
  }
  if (run?.state === 'proposed') {
    return 'A plan is ready. Nothing runs until it is approved.';
  }
  if (run?.state === 'diagnosing') {
    return 'Diagnosis is running. It only reads.';
  }
  if (run?.state === 'failed') {
    return `The repair did not work: ${sentence(withNames(run.because ?? 'see the thread for the reason', names))}`;
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
    const step = run.items.findIndex(({ state }) => state === 'unknown') + 1;
    const which = step === 0 ? 'a step' : `step ${step}`;
    return `Repair paused: ${which} may or may not have run. Someone must check; see the thread.`;
  }
  const total = run?.plan?.items.length ?? 0;
  if (run?.state !== 'acting' || total === 0) {
    return 'Approved. Checking once more before acting.';
  }
  const index = Math.min(currentItemOf(run), total - 1);
  const wanted =
    run.stopWanted === undefined
      ? ''
      : ` It stops after that: ${nameOf(names, run.stopWanted.by)} asked it to stop.`;
  return `Repair is running: step ${index + 1} of ${total}, ${run.plan?.items[index]?.title ?? ''}.${wanted}`;
}

/** Sentence about what continues although no further step begins. */
function haltedWords(run: Run | undefined, names: Names): string {
  const items = run?.plan?.items ?? [];
  if (run?.state === 'unknown') {
    return repairWords(run, names);
  }
  if (run?.state !== 'acting' || items.length === 0) {
    return 'The plan is approved but waits; no step has started.';
  }
  const index = Math.min(currentItemOf(run), items.length - 1);
  const step = `step ${index + 1} of ${items.length}, ${items[index]?.title ?? ''}`;
  if (run.stopWanted !== undefined) {
    return `Running ${step}. It stops after that: ${nameOf(names, run.stopWanted.by)} asked it to stop.`;
  }
  return isAboutToAct(run) ? `Waiting before ${step}.` : `Running ${step}. It stops after that.`;
}

function endWords({ incident, run, runs, names }: IncidentCardInput): string {
  const lasted = span((incident.resolvedAtMs ?? incident.lastSeenAtMs) - incident.openedAtMs);
  const ended = howItEnded(runs ?? (run === undefined ? [] : [run]));
  switch (ended.kind) {
    case 'repaired': {
      const approvers = [...new Set(ended.run.votes.map((vote) => nameOf(names, vote.by)))];
      const by = approvers.length === 0 ? '' : `, approved by ${listed(approvers)}`;
      return `Repaired by ${ended.run.id}${by}. The incident lasted ${lasted}.`;
    }
    case 'touched':
      return `Not repaired by Watership: ${whatItLeft(ended.run)} The incident lasted ${lasted}.`;
    case 'untouched':
      return `It resolved without a repair by Watership. The incident lasted ${lasted}.`;
  }
}
