import type { FactLine, Finding, Runbook } from '../../runbooks/index.ts';

/** A finding in its runbook's own words; its subject alone when the runbook is not known or the facts do not fit it. */
export function cardOf(
  finding: Pick<Finding, 'runbook' | 'subject' | 'facts'>,
  book: readonly Runbook[],
): { readonly headline: string; readonly facts: readonly FactLine[] } {
  const runbook = book.find(({ id }) => id === finding.runbook);
  const facts = runbook?.facts.safeParse(finding.facts);
  return runbook && facts?.success
    ? { headline: runbook.headline(facts.data), facts: runbook.card(facts.data) }
    : { headline: `${finding.runbook}: ${finding.subject}`, facts: [] };
}
