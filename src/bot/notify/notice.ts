import type { Incident, Runbook } from '../../runbooks/index.ts';
import { redact } from '../process/redact.ts';
import { runbookText } from '../wording/runbook-text.ts';
import { clip, visible } from '../wording/text.ts';
import { priority, sentence, span } from '../wording/words.ts';

const LONGEST_TEXT = 500;

/** What the webhook is sent: a sentence for people, and the same in parts for programs. */
export interface Notice {
  readonly kind: 'untold';
  /** The field that most chat programs show. */
  readonly text: string;
  readonly incident: string;
  readonly cluster: string;
  readonly severity: Incident['severity'];
  readonly state: Incident['state'];
  readonly headline: string;
  readonly openedAt: string;
  readonly untoldSince: string;
}

/** An incident that Slack does not know of, or knows wrongly, for so long. */
export function noticeOf(
  incident: Incident,
  book: readonly Runbook[],
  { waitedMs, nowMs }: { readonly waitedMs: number; readonly nowMs: number },
): Notice {
  const { id, cluster, severity, state } = incident;
  const headline = clip(visible(redact(runbookText(book, incident).headline)), LONGEST_TEXT);
  const what = state === 'resolved' ? 'Resolved: ' : '';
  const text = `${what}${priority[severity]} ${cluster}: ${sentence(headline)} ${id}. Slack has not accepted this for ${span(waitedMs)}.`;
  return {
    kind: 'untold',
    text,
    incident: id,
    cluster,
    severity,
    state,
    headline,
    openedAt: new Date(incident.openedAtMs).toISOString(),
    untoldSince: new Date(nowMs - waitedMs).toISOString(),
  };
}
