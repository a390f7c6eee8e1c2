import { definite } from '../../../rpc/index.ts';
import type { Tier } from '../../action.ts';
import { hashOf } from '../../canonical.ts';
import type { Plan, PlannedItem, Run } from '../../run.ts';
import type { ActStep, ManualStep, Runbook, StepContext, VerifyStep } from '../../runbook.ts';
import type { EngineTools } from '../common/tools.ts';
import { impactOf, whatIsOver } from './impact.ts';

/** Part of every hash: plans of another format are never taken for plans of this one. */
const PLAN_FORMAT = 2;

/** The tiers, the least risky first. */
export const tiersByRisk: readonly Tier[] = ['read', 'reversible', 'destructive', 'node', 'mass'];

/**
 * Plan of everything that would run, in order, in the words that people approve; undefined when there is nothing to do.
 * The hash covers what would run and what would be lost, not when the plan was made.
 */
export function makePlan(
  runbook: Runbook,
  run: Run,
  context: StepContext<unknown>,
  tools: EngineTools,
  atMs: number,
): Plan | undefined {
  const items = plannedItems(runbook, context, tools);
  if (items.every(({ kind }) => kind === 'verify')) {
    return undefined;
  }
  const lost = runbook.lost(context);
  const deletions = deletionsIn(items, tools);
  const toll = impactOf(deletions);
  const over = whatIsOver(deletions, runbook.wanted?.(context) ?? deletions.length, context.now, tools);
  const tier = over.length > 0 ? 'mass' : highestTier(items, tools);
  const { limits } = tools;
  const bounds = { limits, ...definite({ toll }), ...(over.length > 0 && { over }) };
  const choice = definite({ choice: context.choice });
  const { cluster, subject } = run;
  return {
    hash: hashOf({
      format: PLAN_FORMAT,
      cluster,
      runbook: runbook.id,
      subject,
      ...choice,
      tier,
      items,
      lost,
      ...bounds,
    }),
    ...choice,
    tier,
    items,
    lost,
    ...bounds,
    ...(toll !== undefined && { unreadNow: unreadNow(runbook, context) }),
    undo: runbook.undoOf?.(context.facts) ?? runbook.undo,
    madeAtMs: atMs,
    expiresAtMs: atMs + tools.planExpiresMs,
    ...(toll !== undefined && { notBeforeMs: atMs + context.now.settings.detection.looksApartMs }),
  };
}

const unreadNow = (runbook: Runbook, context: StepContext<unknown>): number =>
  flatten(runbook, context).reduce(
    (sum, { step, target }) =>
      sum + (step.kind === 'act' ? (step.unreadNow?.({ ...context, ...definite({ target }) }) ?? 0) : 0),
    0,
  );

type PlannableStep = ActStep<unknown> | VerifyStep<unknown> | ManualStep<unknown>;

function plannedItems(
  runbook: Runbook,
  context: StepContext<unknown>,
  tools: EngineTools,
): readonly PlannedItem[] {
  const items: PlannedItem[] = [];
  // What the newest verify does when its time is over: it makes the conditional steps after it a fallback.
  let fallsThrough = false;
  for (const { step, target } of flatten(runbook, context)) {
    const inContext = target === undefined ? context : { ...context, target };
    const common = { step: step.id, title: step.title(inContext), ...definite({ target }) };
    switch (step.kind) {
      case 'act': {
        const call = step.call(inContext);
        if (call === undefined) {
          break;
        }
        const { text, deletes } = tools.describe(call);
        const onlyIfNeeded = fallsThrough && step.when !== undefined;
        const isDeletion = deletes !== undefined && { isDeletion: true as const };
        items.push({ kind: 'act', ...common, call, describe: text, onlyIfNeeded, ...isDeletion });
        break;
      }
      case 'verify':
        fallsThrough = step.otherwise === 'fall-through';
        items.push({ kind: 'verify', ...common, withinMs: step.withinMs });
        break;
      case 'manual':
        items.push({ kind: 'manual', ...common, instructions: step.instructions(inContext) });
        break;
    }
  }
  return items;
}

function flatten(
  runbook: Runbook,
  context: StepContext<unknown>,
): readonly { readonly step: PlannableStep; readonly target?: string }[] {
  const flat: { readonly step: PlannableStep; readonly target?: string }[] = [];
  for (const step of runbook.steps) {
    if (step.kind === 'act' || step.kind === 'verify' || step.kind === 'manual') {
      flat.push({ step });
    }
    if (step.kind === 'each') {
      for (const target of step.over(context)) {
        flat.push(...step.steps.map((inner) => ({ step: inner, target })));
      }
    }
  }
  return flat;
}

const deletionsIn = (items: readonly PlannedItem[], tools: EngineTools) =>
  items.flatMap((item) => (item.kind === 'act' ? (tools.describe(item.call).deletes ?? []) : []));

/** The riskiest call decides. Manual work alone still needs one yes. */
function highestTier(items: readonly PlannedItem[], tools: EngineTools): Tier {
  const risks = items
    .filter((item) => item.kind === 'act')
    .map(({ call }) => tiersByRisk.indexOf(tools.describe(call).tier));
  return tiersByRisk[Math.max(...risks)] ?? 'reversible';
}
