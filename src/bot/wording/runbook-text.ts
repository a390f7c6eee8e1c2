import type { FactLine, Finding, Runbook } from '../../runbooks/index.ts';
import { repairs } from './repairs.ts';

/** Words of a runbook about a finding: all that a card needs to know of it. */
export interface RunbookText {
  readonly title: string;
  readonly headline: string;
  readonly facts: readonly FactLine[];
  /** Whether the runbook has a step that changes the cluster, or asks a person to. */
  readonly hasFix: boolean;
}

/**
 * What a finding, an incident or a run reads like in the words of its runbook. Where the book does not know the runbook, or the
 * facts are not such as it knows (another version wrote them), its name and its subject stand there: nothing is guessed.
 */
export function runbookText(
  book: readonly Runbook[],
  { runbook: id, facts, subject }: Pick<Finding, 'runbook' | 'facts' | 'subject'>,
): RunbookText {
  const runbook = book.find((one) => one.id === id);
  const title = runbook?.title ?? id;
  const hasFix = runbook !== undefined && repairs(runbook);
  const read = runbook?.facts.safeParse(facts);
  return runbook !== undefined && read?.success
    ? { title, headline: runbook.headline(read.data), facts: runbook.card(read.data), hasFix }
    : { title, headline: `${title}: ${subject}`, facts: [], hasFix };
}
