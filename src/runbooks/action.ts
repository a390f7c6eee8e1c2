import type { z } from 'zod';
import type { Deletion } from './limits.ts';
import type { Verdict } from './verdict.ts';

/**
 * Who must say yes (docs/safety.md).
 * `read`: nobody. `reversible`: one approver. `destructive`: one approver who did not ask for it.
 * `node`: two people. `mass`: two people, neither of whom asked.
 */
export type Tier = 'read' | 'reversible' | 'destructive' | 'node' | 'mass';

/** An action with its arguments, as a plan holds it: plain data. */
export interface ActionCall {
  readonly action: string;
  readonly args: Readonly<Record<string, string | number | boolean>>;
}

/** What came of executing. `unknown`: the request was sent and no answer came; only looking can tell. */
export type Outcome =
  | { readonly kind: 'applied'; readonly detail: string }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

/** After a crash: has it already happened? */
export type Settled =
  | { readonly kind: 'done'; readonly because: string }
  | { readonly kind: 'not-done'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

/** One thing the product can do to a cluster. `Ports` is what it acts through (actions/ports.ts). */
export interface Action<Args, Ports> {
  /** Stable: reaches storage and audit. */
  readonly name: string;
  readonly tier: Tier;
  readonly args: z.ZodType<Args>;
  /** Longest time the call may take before it is given up, milliseconds. */
  readonly timeLimitMs: number;
  /**
   * The exact text people approve: what, on what, by which call or argv. A plan that is being approved is compared by it, so an
   * update that words it otherwise takes approvals away.
   */
  readonly describe: (args: Args, ports: Ports) => string;
  /** The queue that goes for good, if one does: it counts for the limits, and its messages are typed before approval. */
  readonly deletes?: (args: Args) => Deletion;
  /** What `precheck` asks, one sentence each, for `docs/actions.md`; any of them may say no. */
  readonly checks: readonly string[];
  /** Can it be undone, and how? One sentence. */
  readonly undo: string;
  /** The last look before the call, on the thing itself. */
  readonly precheck: (args: Args, ports: Ports) => Promise<Verdict>;
  /** Acts once. `reason` is for the broker's or host's own log: incident and approvers. */
  readonly execute: (args: Args, ports: Ports, reason: string) => Promise<Outcome>;
  readonly reconcile: (args: Args, ports: Ports) => Promise<Settled>;
}
