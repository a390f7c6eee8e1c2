import type { Finding, News, Observation } from '../../runbooks/index.ts';

/** Result of one sweep: what was seen and what became of it, or that another sweep was still at work. */
export type SweepOutcome =
  | {
      readonly kind: 'swept';
      readonly observation: Observation;
      readonly findings: readonly Finding[];
      readonly news: readonly News[];
    }
  /** The one before is still at work, here or in another replica. */
  | { readonly kind: 'skipped' };
