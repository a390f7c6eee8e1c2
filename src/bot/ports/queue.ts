/** Port to the job queues (BullMQ behind it). The queue delivers; the stores guard. */
export interface JobQueue {
  /** Show an incident's present state in Slack. Calls for the same incident coalesce. */
  tell(incident: string): Promise<void>;
  /** Carry a run on, after a pause if one is given. */
  carryOn(run: string, delayMs?: number, why?: CarryOnReason): Promise<void>;
  /** Sweep a cluster now, outside its schedule. */
  sweep(cluster: string): Promise<void>;
}

/**
 * Why a run is carried on later. A pending `pause` or `retry` stays as it is, a pending `until` is replaced by the newer one,
 * a `nudge` asks whether a run was forgotten.
 */
export type CarryOnReason = 'pause' | 'until' | 'retry' | 'nudge';
