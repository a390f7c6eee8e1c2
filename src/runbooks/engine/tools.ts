import type { ActionCall, Tier } from '../action.ts';

/** What the engine must be told, because it neither acts nor reads a configuration. */
export interface EngineTools {
  /** The exact text people approve, and who must approve it: `BoundActions.describe`. */
  readonly describe: (call: ActionCall) => { readonly text: string; readonly tier: Tier };
  /** How long a plan may be approved, milliseconds. */
  readonly planExpiresMs: number;
}
