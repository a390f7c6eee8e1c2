import { definite } from '../../rpc/index.ts';
import type { Order, Run } from '../run.ts';
import type { Runbook } from '../runbook.ts';
import { CLEARANCE_MS, isCleared } from './acting/clearance.ts';
import { type Current, currentOf } from './acting/ledger.ts';

/** Pause between two looks of a verify. */
const BETWEEN_LOOKS_MS = 3_000;

/** What the run wants next; undefined when it has ended. It follows from the value alone, so a restart just asks again. */
export function nextOrder(runbook: Runbook, run: Run, nowMs: number): Order | undefined {
  switch (run.state) {
    case 'checking':
      return lookNotBefore(Math.max(run.plan?.notBeforeMs ?? 0, run.againAtMs ?? 0), run, nowMs);
    case 'diagnosing':
      // A new diagnosis begins with a sweep alone: what to ask depends on what it sees.
      return lookNotBefore(run.againAtMs ?? 0, run, nowMs);
    case 'proposed':
      return { kind: 'wait', ...definite({ untilMs: run.plan?.expiresAtMs }) };
    case 'acting': {
      const current = currentOf(run);
      return current === undefined ? undefined : itemOrder(runbook, current, nowMs);
    }
    case 'unknown':
      return { kind: 'wait' };
    case 'done':
    case 'failed':
    case 'stopped':
    case 'expired':
    case 'cancelled':
    case 'superseded':
      return undefined;
  }
}

function lookNotBefore(atMs: number, { looks = [] }: Run, nowMs: number): Order {
  return { kind: 'look', looks, ...(atMs > nowMs && { afterMs: atMs - nowMs }) };
}

function itemOrder(runbook: Runbook, current: Current, nowMs: number): Order {
  const { index, item, planned } = current;
  const looks = item.looks ?? [];
  switch (planned.kind) {
    case 'manual':
      return { kind: 'wait' };
    case 'verify': {
      const isFirst = item.judged === undefined || item.rounds !== undefined;
      return { kind: 'look', looks, ...(!isFirst && { afterMs: BETWEEN_LOOKS_MS }) };
    }
    case 'act':
      if (item.state === 'intended') {
        return { kind: 'settle', index };
      }
      return isCleared(runbook, current, nowMs, CLEARANCE_MS)
        ? { kind: 'act', index }
        : { kind: 'look', looks };
  }
}
