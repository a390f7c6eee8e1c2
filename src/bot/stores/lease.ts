import type { Fence, LeaseStore } from './stores.ts';

/** A lease in hand, renewed in the background until it is released or lost. */
export interface Lease {
  /** Which grant this is: a write that carries it is refused once there is a newer one. */
  readonly fence: Fence;
  /** False once the lease may have gone to somebody else: whoever holds it must stop acting. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** Takes a lease and keeps it; undefined when somebody else has it. */
export async function acquireLease(
  leases: LeaseStore,
  name: string,
  holder: string,
  forMs: number,
): Promise<Lease | undefined> {
  // Measured from before the request: Redis counts from some moment after it.
  let safeUntilMs = performance.now() + forMs;
  const granted = await leases.take(name, holder, forMs);
  if (granted === undefined) {
    return undefined;
  }
  let isLost = false;

  const renew = async (): Promise<void> => {
    const startedMs = performance.now();
    if (await leases.renew(name, holder, forMs)) {
      safeUntilMs = startedMs + forMs;
    } else {
      isLost = true;
    }
  };
  const timer = setInterval(() => {
    // A renewal that fails is tried again at the next tick; time alone decides when the lease is lost.
    renew().catch(() => {});
  }, forMs / 3);

  return {
    fence: { lease: name, token: granted.token },
    isHeld: () => !isLost && performance.now() < safeUntilMs,
    async release() {
      clearInterval(timer);
      await leases.release(name, holder);
    },
  };
}
