import type { Finding, Runbook } from './runbook.ts';
import type { Observation } from './snapshot/observation.ts';

/** What the book found, and which of its detectors failed. */
export interface Detected {
  readonly findings: readonly Finding[];
  /** A detector that throws is a fault of the book. It must not blind the others, and must not pass for a quiet one. */
  readonly failures: readonly { readonly runbook: string; readonly error: unknown }[];
}

/** Shows one observation to every detector of the book. */
export function detect(book: readonly Runbook[], observation: Observation): Detected {
  const findings: Finding[] = [];
  const failures: { readonly runbook: string; readonly error: unknown }[] = [];
  for (const runbook of book) {
    try {
      findings.push(...runbook.detect(observation).map((found) => ({ ...found, runbook: runbook.id })));
    } catch (error) {
      failures.push({ runbook: runbook.id, error });
    }
  }
  return { findings, failures };
}
