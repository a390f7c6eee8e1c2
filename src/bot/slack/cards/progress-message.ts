import {
  activeStates,
  type Item,
  type PlannedItem,
  progressLines,
  type Run,
} from '../../../runbooks/index.ts';
import type { KnownBlock } from '../../ports/slack-blocks.ts';
import { redact } from '../../process/redact.ts';
import type { Halt } from '../../stores/stores.ts';
import { staysStopped } from '../../wording/how-it-ended.ts';
import { clip, visible } from '../../wording/text.ts';
import {
  type Names,
  nameOf,
  sentence,
  shortHash,
  span,
  spanSoFar,
  tierWords,
  withNames,
} from '../../wording/words.ts';
import {
  actions,
  context,
  header,
  linesSection,
  moment,
  mrkdwn,
  notification,
  plainSection,
  type Rendered,
  small,
  versionOf,
  withId,
} from '../message/blocks.ts';
import { currentItemOf, isAboutToAct } from '../message/current-item.ts';
import { literal } from '../message/escape.ts';
import { haltedSection } from '../message/halted.ts';
import { limits } from '../message/limits.ts';
import { runButtons } from './run-buttons.ts';

export interface ProgressInput {
  readonly run: Run;
  /** What is wrong, in the runbook's own words. */
  readonly headline: string;
  /** Whether the runbook has a step that changes the cluster. */
  readonly hasFix: boolean;
  /** Somebody stopped all repairs of this cluster. */
  readonly halt?: Halt;
  /** How many people must approve this plan. */
  readonly approvalsNeeded: number;
  readonly names: Names;
  readonly nowMs: number;
}

/** At most this many pieces of evidence, so that the plan below them is never cut off. */
const EVIDENCE_SHOWN = 20;

/** Message in the thread that shows a run, edited in place from diagnosis to its end. */
export function progressMessage(input: ProgressInput): Rendered {
  const { run, halt, names } = input;
  const state = stateWords(input);
  // The state is what people look for: a long headline gives way to it.
  const about = visible(redact(`${run.cluster}: ${input.headline}`));
  const heading = `${clip(about, limits.header - state.length - 3)} - ${state}`;
  const content: KnownBlock[] = [
    header(heading),
    ...(halt !== undefined && activeStates.includes(run.state)
      ? [haltedSection(halt, run.cluster, names)]
      : []),
    ...run.evidence.slice(-EVIDENCE_SHOWN).map(({ title: what, lines }) =>
      linesSection(
        what,
        lines.map((line) => `• ${line}`),
      ),
    ),
    ...(run.choice === undefined ? [] : chosenWay(run)),
    ...planSection(input),
    ...approvalSection(input),
    ...(run.because === undefined ? [] : [plainSection(becauseWords(run, names))]),
    ...stopSection(run, names),
    context([mrkdwn(footer(input).join(' · '))]),
  ];
  const text = notification(
    `${heading}. ${run.because === undefined ? planInWords(run) : sentence(withNames(run.because, input.names))}`,
  );
  const buttons = runButtons(run);
  const id = `${run.id}.${versionOf(text, content, buttons)}`;
  return {
    text,
    blocks: [...withId(content, id), ...buttons.map((row, index) => actions(`${id}.${index}`, row))],
  };
}

function stateWords({ run, halt, hasFix }: ProgressInput): string {
  switch (run.state) {
    case 'diagnosing':
      return 'diagnosing, read-only';
    case 'proposed':
      return 'a plan waits for approval';
    case 'checking':
      return 'approved, checking once more';
    case 'acting':
      if (halt !== undefined && isAboutToAct(run)) {
        return `halted, waits before step ${currentItemOf(run) + 1} of ${run.items.length}`;
      }
      return `${run.stopWanted === undefined ? '' : 'stops after '}step ${Math.min(currentItemOf(run) + 1, run.items.length)} of ${run.items.length}`;
    case 'unknown':
      return 'someone must check what happened';
    case 'done':
      return 'done and verified';
    case 'failed':
      return 'the repair did not work';
    case 'stopped':
      if (run.plan !== undefined) {
        return 'stopped, nothing was changed';
      }
      return hasFix
        ? 'diagnosis done, no repair is offered'
        : 'diagnosis done, nothing to repair on the broker';
    case 'expired':
      return 'the plan has expired, nothing was changed';
    case 'cancelled':
      return 'cancelled';
    case 'superseded':
      return 'replaced by a newer plan';
  }
}

/** A reason that explains a bad end is called one; any other speaks for itself. */
function becauseWords(run: Run, names: Names): string {
  const because = sentence(withNames(run.because ?? '', names));
  const isBroken = run.state === 'stopped' && run.plan !== undefined;
  const isBadEnd = run.state === 'failed' || isBroken || run.state === 'cancelled';
  return isBadEnd ? `Why: ${because}` : because;
}

function chosenWay(run: Run): KnownBlock[] {
  const way = run.choices.find((choice) => choice.id === run.choice);
  return way === undefined ? [] : [linesSection('Chosen option', [`${way.label}: ${way.because}`])];
}

/** Somebody's wish that it ends, while what is running is waited for; and what ending it there would mean. */
function stopSection(run: Run, names: Names): KnownBlock[] {
  if (run.state !== 'acting' && run.state !== 'unknown') {
    return [];
  }
  const left = staysStopped(run);
  if (run.stopWanted !== undefined) {
    const wish = `${nameOf(names, run.stopWanted.by)} asked it to stop after step ${currentItemOf(run) + 1}.`;
    return [plainSection([wish, 'No further step starts.', ...(left === undefined ? [] : [left])].join(' '))];
  }
  // The button asks as well, and not every client shows that.
  return left === undefined ? [] : [context([small(`If it is stopped now: ${left}`)])];
}

function planSection({ run, halt, names, nowMs }: ProgressInput): KnownBlock[] {
  const items = run.plan?.items ?? [];
  if (items.length === 0) {
    return [];
  }
  const shown = progressLines(run);
  const heldAt = halt !== undefined && isAboutToAct(run) ? currentItemOf(run) : undefined;
  const lines = items.map((planned, index) => {
    if (halt !== undefined && index === heldAt) {
      return `[paused by halt] ${index + 1} ${withNames(planned.title, names)} - halted by ${nameOf(names, halt.by)}`;
    }
    const { state = 'waiting', detail } = shown[index] ?? {};
    const word = state === 'running' && planned.kind === 'manual' ? 'your turn' : state;
    const extra = [...notes(planned, run.items[index], nowMs), ...(detail === undefined ? [] : [detail])];
    return `[${word}] ${index + 1} ${withNames([planned.title, ...extra].join(' - '), names)}`;
  });
  return [linesSection('The plan', lines)];
}

function notes(planned: PlannedItem, item: Item | undefined, nowMs: number): readonly string[] {
  const isOpen = item === undefined || item.state === 'waiting';
  const took = howLong(item, nowMs);
  return [
    ...(planned.kind === 'act' && planned.onlyIfNeeded && isOpen ? ['only if needed'] : []),
    ...(planned.kind === 'manual' && isOpen ? planned.instructions : []),
    ...(took === undefined ? [] : [took]),
  ];
}

/** In steps of five seconds: the message is edited when something happened, not at every tick. */
function howLong(item: Item | undefined, nowMs: number): string | undefined {
  if (item?.startedAtMs === undefined) {
    return undefined;
  }
  if (item.endedAtMs !== undefined) {
    const tookMs = item.endedAtMs - item.startedAtMs;
    return tookMs < 1_000 ? undefined : span(tookMs);
  }
  // A verify's own detail says how long it has been watching.
  return item.state === 'intended'
    ? spanSoFar(Math.floor((nowMs - item.startedAtMs) / 5_000) * 5_000)
    : undefined;
}

function planInWords(run: Run): string {
  const current = run.plan?.items[currentItemOf(run)];
  return run.state === 'acting' && current !== undefined ? sentence(current.title) : '';
}

function approvalSection({ run, approvalsNeeded, names }: ProgressInput): KnownBlock[] {
  if (run.plan === undefined || (run.votes.length === 0 && run.state !== 'proposed')) {
    return [];
  }
  const votes = run.votes.filter((vote) => vote.planHash === run.plan?.hash);
  const lines = votes.map(
    (vote) => `${nameOf(names, vote.by)}${vote.reason.trim() === '' ? '' : `: “${vote.reason.trim()}”`}`,
  );
  return [linesSection(`Approvals: ${Math.min(votes.length, approvalsNeeded)} of ${approvalsNeeded}`, lines)];
}

function footer({ run, names }: ProgressInput): string[] {
  const expires =
    run.state === 'proposed' && run.plan !== undefined ? [`expires ${moment(run.plan.expiresAtMs)}`] : [];
  const ended = run.endedAtMs === undefined ? [] : [`ended ${moment(run.endedAtMs)}`];
  return [
    run.id,
    `requested by ${literal(nameOf(names, run.requestedBy), 100)}`,
    `started ${moment(run.startedAtMs)}`,
    ...ended,
    ...(run.plan === undefined ? [] : [`plan ${shortHash(run.plan.hash)} (${tierWords[run.plan.tier]})`]),
    ...expires,
  ];
}
