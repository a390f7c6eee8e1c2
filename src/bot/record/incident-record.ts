import { definite } from '../../rpc/index.ts';
import { atItsWorst, type Incident, type News, type Runbook } from '../../runbooks/index.ts';
import { runbookText } from '../wording/runbook-text.ts';
import type { AuditEvent } from './audit-events.ts';
import type { AuditEntry, TimelineEntry } from './entry.ts';

/** What news leaves behind: an audit entry, and a line of the thread where people want one. */
export interface IncidentRecord {
  readonly audit?: AuditEntry;
  readonly timeline: readonly TimelineEntry[];
  /** Whether the card reads differently now. */
  readonly isShown: boolean;
}

/** What a sweep's news leaves behind. `cause` is the incident that explains this one, where there is one. */
export function incidentRecordsOf(
  news: News,
  before: Incident | undefined,
  book: readonly Runbook[],
  cause?: Incident,
): IncidentRecord {
  const { incident } = news;
  const atMs = incident.lastSeenAtMs;
  const { headline } = runbookText(book, incident);
  switch (news.kind) {
    case 'opened':
      return record(incident, 'incident.opened', `Detected: ${headline}`, atMs, before);
    case 'resolved':
      return record(
        incident,
        'incident.resolved',
        `Resolved. It was: ${runbookText(book, atItsWorst(incident)).headline}`,
        incident.resolvedAtMs ?? atMs,
        before,
        {
          broadcast: true,
        },
      );
    case 'changed':
      return news.how === 'facts'
        ? refresh(incident, before, book)
        : tellChange(incident, before, news.how, headline, atMs, cause && runbookText(book, cause).headline);
  }
}

function tellChange(
  incident: Incident,
  before: Incident | undefined,
  how: Exclude<Extract<News, { kind: 'changed' }>['how'], 'facts'>,
  headline: string,
  atMs: number,
  cause: string | undefined,
): IncidentRecord {
  switch (how) {
    case 'worsened':
      return record(incident, 'incident.worsened', `Worse: ${headline}`, atMs, before);
    case 'eased':
      return record(incident, 'incident.eased', `Better: ${headline}`, atMs, before);
    case 'phase':
      return record(incident, 'incident.phase', `Changed: ${headline}`, atMs, before);
    case 'muted':
      return record(
        incident,
        'incident.muted',
        `Explained by ${incident.mutedBy ?? 'another incident'}${cause === undefined ? '' : `: ${cause}`}`,
        atMs,
        before,
      );
    case 'unmuted':
      return record(
        incident,
        'incident.unmuted',
        `No longer explained by another incident: ${headline}`,
        atMs,
        before,
      );
  }
}

/** New numbers on the same trouble: the card shows them; the thread and the audit would only fill up. */
function refresh(incident: Incident, before: Incident | undefined, book: readonly Runbook[]): IncidentRecord {
  const isSame = before !== undefined && readingOf(before, book) === readingOf(incident, book);
  return { timeline: [], isShown: !isSame };
}

function readingOf(incident: Incident, book: readonly Runbook[]): string {
  const { headline, facts } = runbookText(book, incident);
  return JSON.stringify([headline, facts, incident.mutedBy]);
}

function record(
  incident: Incident,
  event: AuditEvent,
  text: string,
  atMs: number,
  before: Incident | undefined,
  { broadcast }: { readonly broadcast?: true } = {},
): IncidentRecord {
  return {
    audit: auditOf(incident, event, text, atMs, before),
    timeline: [{ atMs, text, ...(broadcast ? { broadcast } : {}) }],
    isShown: true,
  };
}

const auditOf = (
  incident: Incident,
  event: AuditEvent,
  text: string,
  atMs: number,
  before: Incident | undefined,
): AuditEntry => ({
  atMs,
  actor: 'watership',
  event,
  cluster: incident.cluster,
  incident: incident.id,
  text,
  before: before === undefined ? 'none' : stateWordOf(before),
  after: stateWordOf(incident),
});

/** An incident's state in a few words: `open warning`, `open critical muted`, `resolved`. */
export function stateWordOf({ state, severity, mutedBy, owner }: Incident): string {
  if (state === 'resolved') {
    return 'resolved';
  }
  return [
    'open',
    severity,
    ...(mutedBy === undefined ? [] : ['muted']),
    ...(owner === undefined ? [] : ['taken']),
  ].join(' ');
}

/** A person's changes (owner, acknowledgement, run) stay; what a sweep knows is laid over them. Nothing to lay over a resolved one. */
export function rebase(current: Incident, seen: Incident): Incident | undefined {
  if (current.state === 'resolved') {
    return undefined;
  }
  const { owner, acknowledgedAtMs, run, version } = current;
  const { owner: _owner, acknowledgedAtMs: _acknowledged, run: _run, ...sweep } = seen;
  return {
    ...sweep,
    ...definite({ owner, acknowledgedAtMs, run }),
    version,
  };
}
