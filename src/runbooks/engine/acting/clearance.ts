import type { Run } from '../../run.ts';
import type { Runbook } from '../../runbook.ts';
import { span } from '../../wording/words.ts';
import { stepOf } from '../common/steps.ts';
import { type Current, hasActed } from './ledger.ts';

/* What was just looked at may be acted on; what was looked at long ago must be looked at again. */

/** How long a step's `when`, and the check before the first action, count as just asked. */
export const CLEARANCE_MS = 15_000;

/** Has the action's `when` said go lately, if it has one? */
export function isCleared(
  runbook: Runbook,
  { planned, item }: Current,
  atMs: number,
  withinMs: number,
): boolean {
  const step = planned.kind === 'act' ? stepOf(runbook, planned) : undefined;
  if (step?.kind !== 'act') {
    return false;
  }
  return step.when === undefined || (item.clearedAtMs !== undefined && atMs - item.clearedAtMs <= withinMs);
}

/** Was the whole plan checked lately? */
export const isChecked = ({ checkedAtMs }: Run, atMs: number, withinMs: number): boolean =>
  checkedAtMs !== undefined && atMs - checkedAtMs <= withinMs;

/** Nothing was begun, and the check is old: what was approved may no longer be what is wanted. */
export function recheck(run: Run, atMs: number): Run {
  if (run.state !== 'acting' || hasActed(run) || isChecked(run, atMs, CLEARANCE_MS)) {
    return run;
  }
  const { checkedAtMs = atMs, ...rest } = run;
  const because = `It waited ${span(atMs - checkedAtMs)} before its first step.`;
  return { ...rest, state: 'checking', because, items: [], answered: {} };
}
