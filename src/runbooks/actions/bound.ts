import type { ActionCall, Outcome, Settled, Tier } from '../action.ts';
import type { LedgerEntry } from '../hosts/common/host.ts';
import type { Deletion } from '../limits.ts';
import type { Verdict } from '../verdict.ts';

/** The actions of one cluster, with its ports in hand: `bindActions(ports)` makes it. Arguments are parsed at each call. */
export interface BoundActions {
  /** The exact text people approve, and who must approve it. */
  describe(call: ActionCall): { readonly text: string; readonly tier: Tier; readonly deletes?: Deletion };
  /** How long `execute` may take before it is given up. */
  timeLimitMs(call: ActionCall): number;
  precheck(call: ActionCall): Promise<Verdict>;
  /** `entry` is the line of the ledger that the call carries out: hosts that keep a journal do it once by that. */
  execute(call: ActionCall, reason: string, entry?: LedgerEntry): Promise<Outcome>;
  /**
   * Has it happened? `done` is proof at once. The others count only once the time limit has passed since the call began:
   * until then it may still be on its way, and whoever asks must wait and ask again.
   */
  reconcile(call: ActionCall, entry?: LedgerEntry): Promise<Settled>;
}
