import type { ActionCall, Tier } from '../../action.ts';
import type { Deletion, PlanLimits } from '../../limits.ts';

/** Inputs that the engine is given, because it neither acts nor reads a configuration. */
export interface EngineTools {
  /** The exact text people approve, and who must approve it: `BoundActions.describe`. */
  readonly describe: (call: ActionCall) => {
    readonly text: string;
    readonly tier: Tier;
    /** The queue that the call deletes, if it deletes one. */
    readonly deletes?: Deletion;
  };
  /** What one plan may do before it needs the votes of many things at once. */
  readonly limits: PlanLimits;
  /** Queues that were deleted on this cluster within the last hour. */
  readonly deletedLastHour: number;
  /** How long a plan may be approved, milliseconds. */
  readonly planExpiresMs: number;
}
