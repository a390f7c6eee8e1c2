import type { ClusterSummary, History, Incident, Pending, ProbeHistory, Run } from '../../runbooks/index.ts';
import type { Audited, RecordedEntry, StoredEntry, TimelineEntry } from '../record/entry.ts';
import type { AuditRecord } from '../record/link.ts';

/** The result of a compare-and-set: `conflict` means somebody else was faster; read again. */
export type Stored = 'stored' | 'conflict';

export interface IncidentStore {
  /** A fresh number for a new incident, never given twice. */
  nextId(): Promise<string>;
  get(id: string): Promise<Incident | undefined>;
  /** Open incidents of a cluster. */
  open(cluster: string): Promise<readonly Incident[]>;
  /** Opened or resolved since then; the newest of these events first. */
  recent(options: {
    readonly cluster?: string;
    readonly limit: number;
    readonly sinceMs?: number;
  }): Promise<readonly Incident[]>;
  /**
   * One atomic step: `expectedVersion` 0 creates. Writes the audit entry and the timeline lines with it, and marks the incident
   * untold. The stored version is `expectedVersion + 1`. Without an audit entry it is a quiet refresh: nobody is notified.
   * A second open incident for the same key of a cluster is a conflict.
   */
  put(
    incident: Incident,
    expectedVersion: number,
    audit: Audited,
    timeline?: readonly TimelineEntry[],
  ): Promise<Stored>;
  timeline(id: string): Promise<readonly TimelineEntry[]>;
  /** Adds lines to the thread without changing the incident. */
  note(id: string, entries: readonly TimelineEntry[]): Promise<void>;
}

export interface RunStore {
  nextId(): Promise<string>;
  get(id: string): Promise<Run | undefined>;
  /** Runs that still want something, of all clusters or one. */
  active(cluster?: string): Promise<readonly Run[]>;
  /** Started or ended since then; the newest of these events first. */
  recent(options: { readonly limit: number; readonly sinceMs?: number }): Promise<readonly Run[]>;
  /**
   * One atomic step, as for incidents. Marks the update of the run's incident as pending. Progress alone needs no audit entry.
   * The guard is checked in the same step, so that nobody can come between the check and the write.
   */
  put(
    run: Run,
    expectedVersion: number,
    audit: Audited,
    timeline?: readonly TimelineEntry[],
    guard?: RunGuard,
  ): Promise<RunStored>;
}

/**
 * `fenced`: what the writer holds has been granted to somebody else since. `halted`: a halt forbids it.
 * `tripped`: it is stored, and it was one failure too many: the cluster is halted with it.
 */
export type RunStored = Stored | 'fenced' | 'halted' | 'tripped';

/** What must be true at the moment of a run's write. */
export interface RunGuard {
  /** Grants that must still be the newest ones of their leases. */
  readonly fences: readonly Fence[];
  /** A cluster whose halt forbids the write: for what begins an action. */
  readonly unlessHalted?: string;
  /** A failure rejects the write. */
  readonly failureWindow?: FailureWindow;
}

/** One grant of a lease. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}

/** A failed run, as the circuit breaker counts it. */
export interface FailureWindow {
  readonly cluster: string;
  readonly atMs: number;
  /** Failures within this time count, milliseconds. */
  readonly withinMs: number;
  /** Failed runs that halt the cluster; 1 halts it at once. */
  readonly limit: number;
  /** Why it is then halted. */
  readonly because: string;
  /** What everybody then reads. */
  readonly line: TimelineEntry;
}

/** What the sweeps of one cluster remember between them; written once a sweep, together. */
export interface SweepMemory {
  readonly history: History;
  readonly pending: readonly Pending[];
  /** What the newest sweep saw, for those who ask between sweeps. */
  readonly summary?: ClusterSummary;
  /** Milliseconds since the epoch of the sweep that wrote it. */
  readonly sweptAtMs: number;
}

export interface MemoryStore {
  get(cluster: string): Promise<SweepMemory | undefined>;
  /** When the newest remembered sweep began, without reading the rest. */
  sweptAtMs(cluster: string): Promise<number | undefined>;
  /** Refused (`conflict`) when a newer sweep has begun: `fence` is no longer the newest grant. */
  put(cluster: string, memory: SweepMemory, fence: Fence): Promise<Stored>;
}

/** What the scheduled probes of a cluster found. One round at a time writes it: whoever holds the lease of the probes. */
export interface ProbeStore {
  get(cluster: string): Promise<ProbeHistory | undefined>;
  put(cluster: string, probes: ProbeHistory): Promise<void>;
}

/** Where an incident stands in Slack: a view, rebuilt from state whenever it is lost. */
export interface CardPlace {
  readonly channel: string;
  readonly ts: string;
  /** Hash of what was rendered last; equal means nothing to send. */
  readonly shown: string;
  /** Timeline lines already posted. */
  readonly told: number;
  /** The thread message that shows the newest run's progress, edited in place. */
  readonly progress?: { readonly run: string; readonly ts: string; readonly shown: string };
}

export interface CardStore {
  get(incident: string): Promise<CardPlace | undefined>;
  put(incident: string, place: CardPlace): Promise<void>;
}

export interface AuditStore {
  /** For what changes no state: a refused click, a command. */
  append(entry: StoredEntry): Promise<void>;
  /** The newest entries that fit, oldest first. */
  read(options: {
    readonly run?: string;
    readonly incident?: string;
    readonly sinceMs?: number;
    readonly limit: number;
  }): Promise<readonly RecordedEntry[]>;
}

/** The audit as a chain: what is needed to copy it, to check it and to drop its oldest part. */
export interface AuditChain {
  /** From this number on, in order. */
  records(from: number, limit: number): Promise<readonly AuditRecord[]>;
  /** The highest number that was ever given, also when its entry is gone. */
  given(): Promise<number>;
  /** How many entries are kept. */
  size(): Promise<number>;
  /** One atomic step: appends the entry that says so, and drops everything before `firstKept`. */
  trim(firstKept: number, entry: StoredEntry): Promise<void>;
  /** How far the mirror file has come. */
  mirrored(): Promise<Mirrored | undefined>;
  setMirrored(place: Mirrored): Promise<void>;
}

/** The last entry that stands in a mirror file, and which file: `host:/path`. */
export interface Mirrored {
  readonly sequence: number;
  readonly hash: string;
  readonly file: string;
}

/** A lease on a name: one holder at a time, gone when its holder dies. */
export interface LeaseStore {
  /** Undefined when somebody else holds it. The token rises with every grant: `RunGuard` compares it (fencing). */
  take(name: string, holder: string, forMs: number): Promise<{ readonly token: number } | undefined>;
  renew(name: string, holder: string, forMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
}

/** Small once-only facts: clicks already handled, digests already posted. */
export interface OnceStore {
  /** True for the first caller of this key within `forMs`. */
  first(key: string, forMs: number): Promise<boolean>;
  /** Whether somebody was first and did not take it back. */
  has(key: string): Promise<boolean>;
  /** Takes a `first` back: what it stood for did not happen after all. */
  forget(key: string): Promise<void>;
}

/** Who stopped all repairs, and when. */
export interface Halt {
  /** A Slack user id, or `cli:<user>`. */
  readonly by: string;
  readonly atMs: number;
  /** Whether all clusters are halted, not this one only. */
  readonly everywhere: boolean;
  /** Why, where no person did it. */
  readonly because?: string;
  /** How it ends, where an approver cannot end it from Slack. */
  readonly cure?: string;
}

export interface HaltStore {
  /** Unreadable counts as halted: this throws, and the caller must not act. */
  isHalted(cluster: string): Promise<boolean>;
  /** The halt that holds for a cluster, the one of all clusters first; of all clusters when none is named. */
  find(cluster?: string): Promise<Halt | undefined>;
  /** A halt that holds already keeps its time and its name. */
  halt(cluster: string | undefined, by: string): Promise<void>;
  resume(cluster: string | undefined, by: string): Promise<void>;
}

/**
 * Which incidents' messages are behind the state. The mark is set in the same atomic step as the change, so that a message that
 * could not be sent, or a process that died before it, is found again.
 */
export interface PendingUpdateStore {
  /** Every incident whose message is behind, oldest change first, with the mark to settle it by. */
  list(): Promise<readonly { readonly incident: string; readonly mark: string }[]>;
  markOf(incident: string): Promise<string | undefined>;
  /** The same incidents, and for how long nothing of them could be posted: by Redis' clock, counted from the first such call. */
  waiting(): Promise<readonly Waiting[]>;
  /** The message shows what was true at this mark; a newer change keeps the incident on the list. */
  settle(incident: string, mark: string): Promise<void>;
}

/** An incident whose message is behind. */
export interface Waiting {
  readonly incident: string;
  readonly waitedMs: number;
}

/** Who has opened the Home tab lately: their tabs are published again when something changes. */
export interface HomeStore {
  opened(user: string): Promise<void>;
  /** The newest first. */
  recent(options: { readonly withinMs: number; readonly limit: number }): Promise<readonly string[]>;
}

/**
 * How many queues were deleted on a cluster within the last hour: one counter for all replicas, which survives their restarts.
 */
export interface DeletionStore {
  /** Counts one deletion, by a name that makes a repeated reservation the same one. `over`: the limit is reached. */
  reserve(
    cluster: string,
    member: string,
    options: {
      readonly limit: number;
      /** Counts it whatever the limit: people have approved to go over it. */
      readonly isForced: boolean;
    },
  ): Promise<'reserved' | 'over'>;
  lastHour(cluster: string): Promise<number>;
}

/** Maintenance of a cluster: alerts are posted without notification until it ends. */
export interface Maintenance {
  readonly by: string;
  readonly untilMs: number;
}

export interface MaintenanceStore {
  /** Undefined once it has ended. */
  get(cluster: string): Promise<Maintenance | undefined>;
  begin(cluster: string, window: Maintenance): Promise<void>;
  end(cluster: string): Promise<void>;
}

export interface Stores {
  readonly incidents: IncidentStore;
  readonly runs: RunStore;
  readonly memory: MemoryStore;
  readonly probes: ProbeStore;
  readonly cards: CardStore;
  readonly audit: AuditStore;
  readonly chain: AuditChain;
  readonly leases: LeaseStore;
  readonly once: OnceStore;
  readonly halts: HaltStore;
  readonly pendingUpdates: PendingUpdateStore;
  readonly homes: HomeStore;
  readonly deletions: DeletionStore;
  readonly maintenance: MaintenanceStore;
}
