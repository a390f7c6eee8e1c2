import type { AuditEvent } from './audit-events.ts';

/** An audit entry as any version writes it: who did what, and why. Appended in the same atomic step as the change it explains. */
export interface StoredEntry {
  readonly atMs: number;
  /** `watership`, a Slack user id, or `cli:<user>`. */
  readonly actor: string;
  /** What happened; `docs/audit-events.md` has them all. Another version may have a name that this one does not know. */
  readonly event: string;
  readonly cluster?: string;
  readonly incident?: string;
  readonly run?: string;
  readonly text: string;
  readonly planHash?: string;
  /** State of what changed: of the item if `item` is set, else of the run, else of the incident. */
  readonly before?: string;
  readonly after?: string;
  /** Where a person asked for it. */
  readonly surface?: 'slack' | 'cli';
  /** How much the plan can hurt: `reversible`, `destructive`, `node`, `mass`. */
  readonly tier?: string;
  /** Who has said yes to this plan so far. */
  readonly votes?: readonly string[];
  /** People whom `text` names: their ids. Absent where it names nobody, and in entries of 0.1.0. */
  readonly people?: readonly string[];
  /** Field of `run.ruled`: what a person said of an interrupted step. */
  readonly ruling?: 'it-happened' | 'do-it-again' | 'give-up';
  /** Which item of the plan, from 0. */
  readonly item?: number;
  /** Field of `bot.started`: which version runs, with which configuration. */
  readonly started?: { readonly version: string; readonly configuration: string };
  /** Field of `audit.sealed`. */
  readonly seal?: Seal;
  /** Field of `audit.trimmed`. */
  readonly trimmed?: Trimmed;
}

/** An audit entry as this version writes it. */
export interface AuditEntry extends StoredEntry {
  readonly event: AuditEvent;
}

/** Says with a key that Redis does not hold: the chain up to here had this hash. */
export interface Seal {
  readonly sequence: number;
  readonly hash: string;
  /** Which key: the first characters of its own hash. */
  readonly key: string;
  readonly mac: string;
}

/** Says that old entries were dropped on purpose, and what the first kept one follows. */
export interface Trimmed {
  readonly firstKept: number;
  readonly before: string;
  /** Where a key is configured: which, and that it was this one who dropped them. */
  readonly key?: string;
  readonly mac?: string;
}

/** An entry as it is read back. */
export interface RecordedEntry extends StoredEntry {
  readonly sequence: number;
  readonly hash: string;
}

/** What is written down with a change: nothing, one entry, or several in their order. */
export type Audited = StoredEntry | readonly StoredEntry[] | undefined;

/** Line of an incident's thread: posted once, in order. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly text: string;
  /** Also shown in the channel, not only in the thread. */
  readonly broadcast?: boolean;
  /** People and groups that are called by their names: ids. The line is then one for the channel. */
  readonly mentions?: readonly string[];
  /** People whom `text` names, by their ids where Slack did not tell their names: their ids. Absent in lines of 0.1.0. */
  readonly people?: readonly string[];
}
