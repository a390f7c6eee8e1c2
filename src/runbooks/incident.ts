import type { Finding, Severity } from './runbook.ts';

/** One trouble of one cluster, from the first confirmed sight until it is gone. One Slack message shows it. */
export interface Incident {
  /** `INC-0412`: short enough to say aloud. */
  readonly id: string;
  readonly cluster: string;
  /** The finding's key: the same trouble stays the same incident. */
  readonly key: string;
  readonly runbook: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly facts: unknown;
  /** How it stood when it was worse than now; absent while it is at its worst. */
  readonly worst?: Pick<Finding, 'severity' | 'runbook' | 'subject' | 'facts'>;
  readonly state: 'open' | 'resolved';
  /** Id of the incident that explains this one; while set, it is not told by itself. */
  readonly mutedBy?: string;
  readonly openedAtMs: number;
  readonly lastSeenAtMs: number;
  /** Sweeps in a row that could see and did not find it. */
  readonly cleanSweeps: number;
  /** Slack user id of whoever said "I'm on it". */
  readonly owner?: string;
  readonly acknowledgedAtMs?: number;
  readonly resolvedAtMs?: number;
  /** Id of the newest run that treats it. */
  readonly run?: string;
  /** Rises by one with every stored change. */
  readonly version: number;
}

/** What a sweep changed. The store applies it, the thread tells it. */
export type News =
  | { readonly kind: 'opened'; readonly incident: Incident }
  | {
      readonly kind: 'changed';
      readonly incident: Incident;
      readonly how: 'worsened' | 'eased' | 'facts' | 'phase' | 'muted' | 'unmuted';
    }
  | { readonly kind: 'resolved'; readonly incident: Incident };

/** Found once, but not often enough to be told. Kept between sweeps with the history. */
export interface Pending {
  readonly finding: Finding;
  readonly sweeps: number;
}
