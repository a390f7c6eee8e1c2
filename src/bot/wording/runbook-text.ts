import type { FactLine, Incident, Runbook } from '../../runbooks/index.ts';
import { repairs } from './repairs.ts';

/** What a runbook says about an incident: all that a card needs to know of it. */
export interface RunbookText {
  readonly title: string;
  readonly headline: string;
  readonly facts: readonly FactLine[];
  /** Whether the runbook has a step that changes the cluster, or asks a person to. */
  readonly hasFix: boolean;
}

/** Finds a runbook of the book; undefined for one that a newer version has written and this one does not know. */
export type Book = (runbook: string) => Runbook | undefined;

export const bookOf =
  (runbooks: readonly Runbook[]): Book =>
  (id) =>
    runbooks.find((runbook) => runbook.id === id);

/** Lets the runbook speak of an incident or a run. Facts that its schema does not know (another version wrote them) are left out, not guessed. */
export function runbookText(
  book: Book,
  incident: Pick<Incident, 'runbook' | 'facts' | 'subject'>,
): RunbookText {
  const runbook = book(incident.runbook);
  if (runbook === undefined) {
    return { title: incident.runbook, headline: incident.subject, facts: [], hasFix: false };
  }
  const hasFix = repairs(runbook);
  const facts = runbook.facts.safeParse(incident.facts);
  return facts.success
    ? {
        title: runbook.title,
        headline: runbook.headline(facts.data),
        facts: runbook.card(facts.data).slice(0, 4),
        hasFix,
      }
    : { title: runbook.title, headline: incident.subject, facts: [], hasFix };
}
