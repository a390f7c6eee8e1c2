import { type Item, leftStopped, type PlannedItem, type Run } from '../../runbooks/index.ts';
import { counted } from '../wording/words.ts';
import type { AuditEvent } from './audit-events.ts';
import type { AuditEntry, TimelineEntry } from './entry.ts';
import { peopleOfEnd } from './people-of.ts';

/** What a transition of a run leaves behind for people. */
export interface RunRecord {
  /** One for each thing that happened, in order; none when only progress changed. */
  readonly audit: readonly AuditEntry[];
  readonly timeline: readonly TimelineEntry[];
}

/** Audit entries and thread lines for the difference of a run before and after a step of the engine. */
export function runRecordOf(before: Run, after: Run, atMs: number): RunRecord {
  const items = after.items.flatMap((item, index) => {
    const was = before.items[index]?.state;
    const { state } = item;
    // To watch is no event: it is what a check does until it holds.
    const told = state === was || state === 'watching' ? undefined : tellItem(after, index, item, state);
    return told === undefined ? [] : [{ ...told, item: index, before: was ?? 'waiting', after: item.state }];
  });
  const state =
    after.state === before.state ? [] : [{ ...tellState(after), before: before.state, after: after.state }];
  const texts: readonly (Told & Moved)[] = [...items, ...state];
  return {
    audit: texts.map(({ event, text, isTold: _, isLoud: __, people, ...moved }) => ({
      ...entry(after, event, text, atMs),
      ...moved,
      ...peopleField(people),
    })),
    timeline: texts
      .filter(({ isTold }) => isTold)
      .map(({ text, isLoud, people }) => ({
        ...{ atMs, text },
        ...(isLoud ? { broadcast: true } : {}),
        ...peopleField(people),
      })),
  };
}

/** The field for those whom a text names, where there are any. */
export const peopleField = (people: readonly string[] = []): Pick<AuditEntry, 'people'> =>
  people.length === 0 ? {} : { people };

type Moved = Pick<AuditEntry, 'item' | 'before' | 'after'>;

/** An audit entry about a run. */
export function entry(run: Run, event: AuditEvent, text: string, atMs: number): AuditEntry {
  return {
    atMs,
    actor: 'watership',
    event,
    cluster: run.cluster,
    incident: run.incident,
    run: run.id,
    text,
    ...planOf(run),
  };
}

/** Which plan it is about, how much it can hurt, and who has said yes to it. */
export function planOf({ plan, votes }: Run): Pick<AuditEntry, 'planHash' | 'tier' | 'votes'> {
  if (plan === undefined) {
    return {};
  }
  const yes = votes.filter(({ planHash }) => planHash === plan.hash).map(({ by }) => by);
  return { planHash: plan.hash, tier: plan.tier, ...(yes.length === 0 ? {} : { votes: yes }) };
}

interface Told {
  readonly event: AuditEvent;
  readonly text: string;
  /** A line of the thread; the rest is shown as progress only. */
  readonly isTold: boolean;
  readonly isLoud?: boolean;
  /** Whom it names: their ids. */
  readonly people?: readonly string[];
}

function tellItem(
  run: Run,
  index: number,
  item: Item,
  state: Exclude<Item['state'], 'watching'>,
): Told | undefined {
  const title = run.plan?.items[index]?.title ?? `Step ${index + 1}`;
  const detail = item.detail === undefined ? '' : `: ${item.detail}`;
  const event: AuditEvent = `run.item.${state}`;
  const people = item.by === undefined ? [] : [item.by];
  switch (state) {
    case 'waiting':
      // Back to waiting only after an interrupted action was found not to have happened.
      return item.attempts === undefined
        ? undefined
        : { event, text: `${title} did not run${detail}. Trying it once more.`, isTold: true, people };
    case 'intended':
      return { event, text: `Started: ${title}.`, isTold: false };
    case 'applied':
      return { event, text: `Done: ${title}${detail}.`, isTold: false, people };
    case 'held':
      return { event, text: `Verified: ${title}${detail}.`, isTold: false, people };
    case 'skipped':
      return { event, text: `Not needed: ${title}${detail}.`, isTold: false, people };
    case 'refused':
      return { event, text: `Refused: ${title}${detail}.`, isTold: false, people };
    case 'failed':
      return { event, text: `Failed: ${title}${detail}.`, isTold: false, people };
    case 'unknown':
      return { event, text: `Unclear: ${title}${detail}.`, isTold: false, people };
  }
}

/** What a plan holds, by kind: what only may come is not counted as what will. */
function proposedWords(items: readonly PlannedItem[]): string {
  const acts = items.filter((item) => item.kind === 'act');
  const spare = acts.filter(({ onlyIfNeeded }) => onlyIfNeeded).length;
  const count = (kind: PlannedItem['kind']): number => items.filter((item) => item.kind === kind).length;
  return [
    ...(acts.length > spare ? [counted(acts.length - spare, 'action')] : []),
    ...(spare > 0 ? [`${spare} more only if needed`] : []),
    ...(count('manual') > 0 ? [`${counted(count('manual'), 'step')} by hand`] : []),
    ...(count('verify') > 0 ? [counted(count('verify'), 'check')] : []),
  ].join(', ');
}

function tellState(run: Run): Told {
  const event: AuditEvent = `run.${run.state}`;
  const because = run.because ?? '';
  const told = (text: string, isLoud = false): Told => ({
    ...{ event, text: text.trim(), isTold: true, isLoud },
    people: peopleOfEnd(run),
  });
  switch (run.state) {
    case 'diagnosing':
      return told('Diagnosis started.');
    case 'proposed':
      return told(
        `Diagnosis done. Proposed: ${proposedWords(run.plan?.items ?? [])}. Nothing has been changed.`,
      );
    case 'checking':
      return told(`${because === '' ? 'Approved.' : because} Checking once more on fresh data.`);
    case 'acting':
      return told('Checked again: the plan is still valid. The repair starts.');
    case 'unknown':
      return told(`Someone must check what happened. ${because}`, true);
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
      // A node that stands still because of us is for everybody to hear.
      return told(because === '' ? 'Cancelled.' : because, leftStopped(run).length > 0);
    case 'superseded':
      return told(`The plan was withdrawn. ${because}`);
  }
}
