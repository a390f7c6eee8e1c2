import { definite } from '../rpc/index.ts';
import type { Incident, News, Pending } from './incident.ts';
import { isSymptomOf, muting } from './muting.ts';
import type { Run } from './run.ts';
import type { Finding, Runbook } from './runbook.ts';
import { noProbes, type ProbeHistory } from './snapshot/probe-history.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import { isSeenWhole } from './snapshot/views.ts';
import type { Verdict } from './verdict.ts';
import { ranks, withWorst } from './worst.ts';

export interface ReconcileInput {
  readonly book: readonly Runbook[];
  /** Open incidents of the cluster, muted ones included. */
  readonly open: readonly Incident[];
  readonly pending: readonly Pending[];
  readonly findings: readonly Finding[];
  readonly snapshot: Snapshot;
  /** What the scheduled probes found. @default none */
  readonly probes?: ProbeHistory;
  /** Sweeps without the finding before an incident resolves. */
  readonly resolveAfterSweeps: number;
  readonly nowMs: number;
  /** A fresh incident id, asked once for each incident that opens. */
  readonly newId: () => string;
  /**
   * Incidents that a run is treating: their own verification says when they are over. Clean sweeps are counted, and
   * nothing resolves meanwhile. @default none
   */
  readonly treated?: ReadonlySet<string>;
  /** Nodes that a run stops and starts just now: that they are silent is its doing, and no trouble of its own. @default none */
  readonly restarting?: ReadonlySet<string>;
  /** Runbooks whose detector failed: what they do not find is not gone. @default none */
  readonly failed?: ReadonlySet<string>;
}

export interface Reconciled {
  readonly news: readonly News[];
  readonly pending: readonly Pending[];
}

/** A write for nothing but "still there" is worth it only so often. */
const LAST_SEEN_EVERY_MS = 60_000;

/** The nodes that these runs stop and start just now. One that stands still, or has ended, explains nothing any more. */
export function restartedBy(runs: readonly Run[]): ReadonlySet<string> {
  const items = runs.filter(({ state }) => state === 'acting').flatMap(({ plan }) => plan?.items ?? []);
  return new Set(
    items.flatMap((item) => {
      const { node } = item.kind === 'act' ? item.call.args : {};
      return typeof node === 'string' ? [node] : [];
    }),
  );
}

/** What a sweep changed: opened, changed, resolved. The store applies it, the thread tells it. */
export function reconcile(input: ReconcileInput): Reconciled {
  const found = strongestByKey(input);
  const drafts = input.open.map((incident) => revisit(input, incident, found.get(incident.key)));
  const { opening, pending } = weigh(input, found);
  const all = [...drafts, ...opening];
  const causes = muting(
    input.book,
    all.map(({ incident, isFound }) => ({ incident, isFound, isTreated: isTreated(input, incident) })),
  );
  return {
    news: all.flatMap((draft) => newsOf(input, draft, causes.get(draft.incident.id))),
    pending,
  };
}

/** An incident as this sweep leaves it, before it is known who mutes it. */
interface Draft {
  readonly incident: Incident;
  readonly before?: Incident;
  readonly how?: 'worsened' | 'eased' | 'facts' | 'phase';
  readonly isFound: boolean;
}

/** Two runbooks may find the same trouble: the more severe one has it, then the one that stands first in the book. */
function strongestByKey({ book, findings, open, restarting }: ReconcileInput): ReadonlyMap<string, Finding> {
  const place = (finding: Finding): number => book.findIndex(({ id }) => id === finding.runbook);
  const isOurDoing = ({ key, subject }: Finding): boolean =>
    restarting?.has(subject) === true &&
    key === `node:${subject}` &&
    !open.some((incident) => incident.key === key);
  const inOrder = findings
    .filter((finding) => !isOurDoing(finding))
    .toSorted((one, other) => ranks[other.severity] - ranks[one.severity] || place(one) - place(other));
  const strongest = new Map<string, Finding>();
  for (const finding of inOrder) {
    if (!strongest.has(finding.key)) {
      strongest.set(finding.key, finding);
    }
  }
  return strongest;
}

function revisit(input: ReconcileInput, incident: Incident, finding: Finding | undefined): Draft {
  if (finding === undefined) {
    return unfound(input, incident);
  }
  // Nodes and services that a run restarts make views and numbers differ: the incident stays what was approved.
  if (isTreated(input, incident)) {
    return seenAgain(input, incident);
  }
  // A node that restarts while the trouble goes away would leave nothing but "it cannot be read".
  const isWorse = ranks[finding.severity] > ranks[incident.severity];
  if (!isWorse && unread(input, finding) > unread(input, incident)) {
    return seenAgain(input, incident);
  }
  if (finding.runbook === incident.runbook) {
    return refreshed(input, incident, finding);
  }
  // Another phase of the same trouble is told when it is confirmed; until then the incident stays what it is.
  return isWaiting(input, finding)
    ? seenAgain(input, incident)
    : { ...refreshed(input, incident, finding), how: 'phase' };
}

/** How many nodes could not be read when the facts were made. */
function unread(
  { book }: ReconcileInput,
  { runbook: id, facts }: Pick<Finding, 'runbook' | 'facts'>,
): number {
  const runbook = book.find((candidate) => candidate.id === id);
  const parsed = runbook?.facts.safeParse(facts);
  return parsed?.success ? (runbook?.unread?.(parsed.data).length ?? 0) : 0;
}

function unfound(input: ReconcileInput, incident: Incident): Draft {
  const isBlind = input.failed?.has(incident.runbook) === true || !isOver(input, incident).go;
  if (isBlind) {
    return { incident, before: incident, isFound: false };
  }
  const cleanSweeps = incident.cleanSweeps + 1;
  if (cleanSweeps >= input.resolveAfterSweeps && !isTreated(input, incident)) {
    const resolved = { ...incident, cleanSweeps, state: 'resolved', resolvedAtMs: input.nowMs } as const;
    return { incident: resolved, before: incident, isFound: false };
  }
  if (cleanSweeps > input.resolveAfterSweeps) {
    return { incident, before: incident, isFound: false };
  }
  return { incident: { ...incident, cleanSweeps }, before: incident, how: 'facts', isFound: false };
}

const isTreated = ({ treated }: ReconcileInput, { id }: Incident): boolean => treated?.has(id) === true;

/** Does this sweep prove that it is over? Without the runbook's own answer, only one that saw everything does. */
function isOver({ book, snapshot, probes = noProbes }: ReconcileInput, incident: Incident): Verdict {
  const runbook = book.find(({ id }) => id === incident.runbook);
  const facts = runbook?.facts.safeParse(incident.facts);
  return runbook?.isOver && facts?.success
    ? runbook.isOver(snapshot, facts.data, probes)
    : isSeenWhole(snapshot);
}

function refreshed(input: ReconcileInput, incident: Incident, finding: Finding): Draft {
  const { runbook, subject, severity, facts } = finding;
  const next = withWorst(incident, {
    ...seenAgain(input, incident).incident,
    runbook,
    subject,
    severity,
    facts,
  });
  const change = ranks[severity] - ranks[incident.severity];
  if (change !== 0) {
    return { incident: next, before: incident, how: change > 0 ? 'worsened' : 'eased', isFound: true };
  }
  return rendering(input.book, next) === rendering(input.book, incident)
    ? seenAgain(input, incident, next)
    : { incident: next, before: incident, how: 'facts', isFound: true };
}

/** Still there. Only a streak of clean sweeps that ends, or a minute gone by, is worth a write. */
function seenAgain(input: ReconcileInput, incident: Incident, next: Incident = incident): Draft {
  const seen = { ...next, cleanSweeps: 0, lastSeenAtMs: input.nowMs };
  const isDue = incident.cleanSweeps > 0 || input.nowMs - incident.lastSeenAtMs >= LAST_SEEN_EVERY_MS;
  return isDue
    ? { incident: seen, before: incident, how: 'facts', isFound: true }
    : { incident, before: incident, isFound: true };
}

/** What a person reads of an incident; facts that no longer fit their runbook read as nothing. */
function rendering(book: readonly Runbook[], { runbook: id, facts, subject }: Incident): string {
  const runbook = book.find((candidate) => candidate.id === id);
  const parsed = runbook?.facts.safeParse(facts);
  if (!runbook || !parsed?.success) {
    return '';
  }
  return JSON.stringify([subject, runbook.headline(parsed.data), runbook.card(parsed.data)]);
}

/** Which findings are confirmed and open an incident, and which wait for another sweep. */
function weigh(
  input: ReconcileInput,
  found: ReadonlyMap<string, Finding>,
): { readonly opening: readonly Draft[]; readonly pending: readonly Pending[] } {
  const opening: Draft[] = [];
  const pending: Pending[] = [];
  // One that is told already waits for nothing: its symptoms open, and are counted as muted below it.
  const waiting = [...found.values()]
    .filter(({ key, runbook }) => !input.open.some((known) => known.key === key && known.runbook === runbook))
    .filter((finding) => isWaiting(input, finding));
  for (const finding of found.values()) {
    const sweeps = sweepsOf(input, finding);
    const known = input.open.find(({ key }) => key === finding.key);
    if (known) {
      if (known.runbook !== finding.runbook && isWaiting(input, finding)) {
        pending.push({ finding, sweeps });
      }
      continue;
    }
    // A symptom does not run ahead of a cause that is only a sweep away from being told.
    const hasCause = waiting.some((cause) => cause !== finding && mutes(input, cause, finding));
    if (isWaiting(input, finding) || hasCause) {
      pending.push({ finding, sweeps });
    } else {
      opening.push(opened(input, finding));
    }
  }
  // What could not be looked at keeps its count: an interrupted streak would otherwise hide it for ever.
  const blind = input.pending.filter(
    ({ finding }) =>
      !found.has(finding.key) &&
      !input.open.some(({ key }) => key === finding.key) &&
      (input.failed?.has(finding.runbook) === true || !isOver(input, opened(input, finding, '').incident).go),
  );
  return { opening, pending: [...pending, ...blind] };
}

/** Sweeps in a row that found this trouble, in whichever phase, this one included. */
const sweepsOf = ({ pending }: ReconcileInput, { key }: Finding): number =>
  (pending.find(({ finding }) => finding.key === key)?.sweeps ?? 0) + 1;

const confirmSweeps = ({ book }: ReconcileInput, { runbook }: Finding): number =>
  book.find(({ id }) => id === runbook)?.confirmSweeps ?? 1;

const isWaiting = (input: ReconcileInput, finding: Finding): boolean =>
  sweepsOf(input, finding) < confirmSweeps(input, finding);

const mutes = ({ book }: ReconcileInput, cause: Finding, symptom: Finding): boolean =>
  isSymptomOf(book, cause, symptom);

function opened(input: ReconcileInput, finding: Finding, id = input.newId()): Draft {
  const { key, runbook, subject, severity, facts } = finding;
  const incident: Incident = {
    id,
    cluster: input.snapshot.cluster,
    key,
    runbook,
    subject,
    severity,
    facts,
    state: 'open',
    openedAtMs: input.nowMs,
    lastSeenAtMs: input.nowMs,
    cleanSweeps: 0,
    version: 0,
  };
  return { incident, isFound: true };
}

function newsOf({ nowMs }: ReconcileInput, draft: Draft, cause: string | undefined): readonly News[] {
  const { before, how } = draft;
  const { mutedBy, ...rest } = draft.incident;
  const incident: Incident = {
    ...rest,
    ...definite({ mutedBy: cause }),
    version: rest.version + 1,
    lastSeenAtMs: draft.isFound && how !== undefined ? nowMs : rest.lastSeenAtMs,
  };
  if (before === undefined) {
    return [{ kind: 'opened', incident }];
  }
  if (incident.state === 'resolved') {
    return [{ kind: 'resolved', incident }];
  }
  if (mutedBy === undefined && cause !== undefined) {
    return [{ kind: 'changed', incident, how: 'muted' }];
  }
  if (mutedBy !== undefined && cause === undefined) {
    return [{ kind: 'changed', incident, how: 'unmuted' }];
  }
  if (how !== undefined || mutedBy !== cause) {
    return [{ kind: 'changed', incident, how: how ?? 'facts' }];
  }
  return [];
}
