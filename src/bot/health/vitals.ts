import { definite } from '../../rpc/index.ts';
import type { SweepOutcome } from './sweep-outcome.ts';

/** What this process knows about its own work: for health and metrics, lost with it. */
export interface Vitals {
  swept(
    cluster: string,
    startedAtMs: number,
    endedAtMs: number,
    outcome: Extract<SweepOutcome, { kind: 'swept' }>,
  ): void;
  sweepFailed(cluster: string): void;
  failed(queue: string): void;
  /** Slack took a message. */
  told(): void;
  /** Slack did not take one; why, in words. */
  couldNotTell(because: string): void;
  read(): VitalsRead;
}

export interface VitalsRead {
  readonly sweeps: ReadonlyMap<string, SweepVitals>;
  readonly failures: ReadonlyMap<string, number>;
  /** Why the last message could not be posted; absent once one is accepted again. */
  readonly untoldBecause?: string;
}

export interface SweepVitals {
  readonly count: number;
  readonly failures: number;
  readonly lastEndedAtMs?: number;
  readonly lastTookMs?: number;
  readonly lastFindings?: number;
  readonly silentNodes?: number;
}

export function createVitals(): Vitals {
  const sweeps = new Map<string, SweepVitals>();
  const failures = new Map<string, number>();
  let untoldBecause: string | undefined;
  const of = (cluster: string): SweepVitals => sweeps.get(cluster) ?? { count: 0, failures: 0 };
  return {
    swept(cluster, startedAtMs, endedAtMs, { observation, findings }) {
      sweeps.set(cluster, {
        ...of(cluster),
        count: of(cluster).count + 1,
        lastEndedAtMs: endedAtMs,
        lastTookMs: endedAtMs - startedAtMs,
        lastFindings: findings.length,
        silentNodes: observation.snapshot.nodes.filter(({ answer }) => answer.kind === 'silent').length,
      });
    },
    sweepFailed(cluster) {
      sweeps.set(cluster, { ...of(cluster), failures: of(cluster).failures + 1 });
    },
    failed(queue) {
      failures.set(queue, (failures.get(queue) ?? 0) + 1);
    },
    told() {
      untoldBecause = undefined;
    },
    couldNotTell(because) {
      untoldBecause = because;
    },
    read: () => ({ sweeps, failures, ...definite({ untoldBecause }) }),
  };
}
