import type { Item, Run } from '../../runbooks/index.ts';
import type { AuditEntry, TimelineEntry } from '../stores/stores.ts';

/** What a transition of a run leaves behind for people. */
export interface Story {
  /** Absent when only progress changed. */
  readonly audit?: AuditEntry;
  readonly timeline: readonly TimelineEntry[];
}

/** Compares a run before and after a step of the engine, and tells the difference. */
export function storyOf(before: Run, after: Run, atMs: number): Story {
  const items = after.items.flatMap((item, index) =>
    item.state === before.items[index]?.state ? [] : [tellItem(after, index, item)],
  );
  const state = after.state === before.state ? [] : [tellState(after)];
  const texts = [...items.filter(isPresent), ...state];
  const audit = texts.map(({ text }) => text).join(' ');
  return {
    ...(texts.length === 0 ? {} : { audit: entry(after, texts.at(-1)?.event ?? 'run.changed', audit, atMs) }),
    timeline: texts
      .filter(({ isTold }) => isTold)
      .map(({ text, isLoud }) => ({ atMs, text, ...(isLoud ? { broadcast: true } : {}) })),
  };
}

/** An audit entry about a run. */
export function entry(run: Run, event: string, text: string, atMs: number): AuditEntry {
  return {
    atMs,
    actor: 'watership',
    event,
    cluster: run.cluster,
    incident: run.incident,
    run: run.id,
    text,
    ...(run.plan === undefined ? {} : { planHash: run.plan.hash }),
  };
}

interface Told {
  readonly event: string;
  readonly text: string;
  /** A line of the thread; the rest is shown as progress only. */
  readonly isTold: boolean;
  readonly isLoud?: boolean;
}

const isPresent = (told: Told | undefined): told is Told => told !== undefined;

function tellItem(run: Run, index: number, item: Item): Told | undefined {
  const title = run.plan?.items[index]?.title ?? `Step ${index + 1}`;
  const detail = item.detail === undefined ? '' : `: ${item.detail}`;
  const event = `run.item.${item.state}`;
  switch (item.state) {
    case 'waiting':
      // Back to waiting only after an interrupted action was found not to have happened.
      return item.attempts === undefined
        ? undefined
        : { event, text: `${title} did not happen${detail}. It is tried once more.`, isTold: true };
    case 'watching':
      return undefined;
    case 'intended':
      return { event, text: `Begins: ${title}.`, isTold: false };
    case 'applied':
      return { event, text: `Done: ${title}${detail}.`, isTold: false };
    case 'held':
      return { event, text: `Proved: ${title}${detail}.`, isTold: false };
    case 'skipped':
      return { event, text: `Not needed: ${title}${detail}.`, isTold: false };
    case 'refused':
      return { event, text: `Refused: ${title}${detail}.`, isTold: false };
    case 'failed':
      return { event, text: `Failed: ${title}${detail}.`, isTold: false };
    case 'unknown':
      return { event, text: `Unclear: ${title}${detail}.`, isTold: false };
  }
}

function tellState(run: Run): Told {
  const event = `run.${run.state}`;
  const because = run.because ?? '';
  const told = (text: string, isLoud = false): Told => ({ event, text: text.trim(), isTold: true, isLoud });
  switch (run.state) {
    case 'diagnosing':
      return told('Diagnosis begins.');
    case 'proposed':
      return told(
        `Diagnosis done. ${run.plan?.items.length ?? 0} steps are proposed; nothing has been changed.`,
      );
    case 'checking':
      return told('Approved. Checking once more on fresh data.');
    case 'acting':
      return told('Checked again: the plan still holds. The repair begins.');
    case 'unknown':
      return told(`A person must say what happened. ${because}`, true);
    case 'done':
      return told(`Repair done. ${because}`);
    case 'failed':
      return told(`The repair did not work. ${because}`, true);
    case 'stopped':
      // Without a plan nothing was stopped: the diagnosis has come to its end.
      return told(`${run.plan === undefined ? 'Diagnosis done.' : 'Stopped.'} ${because}`);
    case 'expired':
      return told(`The plan expired. ${because}`);
    case 'cancelled':
      return told(because === '' ? 'Cancelled.' : because);
    case 'superseded':
      return told(`The plan is withdrawn. ${because}`);
  }
}
