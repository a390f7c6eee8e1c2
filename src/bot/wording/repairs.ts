import type { Runbook, Step } from '../../runbooks/index.ts';

/** Whether the runbook has a step that changes the cluster, or asks a person to. The others only report. */
export const repairs = ({ steps }: Pick<Runbook, 'steps'>): boolean => steps.some(changesSomething);

function changesSomething(step: Step<unknown>): boolean {
  return step.kind === 'each'
    ? step.steps.some(changesSomething)
    : step.kind === 'act' || step.kind === 'manual';
}
