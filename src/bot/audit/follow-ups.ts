import type { Incident, Run } from '../../runbooks/index.ts';
import type { StoredEntry } from '../record/entry.ts';
import { counted, span } from '../wording/words.ts';

/** Longer than this from the first sight to somebody who takes it deserves a question. */
const SLOW_ACKNOWLEDGE_MS = 15 * 60_000;

/** Questions that the record itself raises. What people conclude is theirs to write. */
export function followUps({
  incident,
  runs,
  entries,
}: {
  readonly incident: Incident;
  readonly runs: readonly Run[];
  readonly entries: readonly StoredEntry[];
}): readonly string[] {
  const { openedAtMs, acknowledgedAtMs } = incident;
  const took = acknowledgedAtMs === undefined ? undefined : acknowledgedAtMs - openedAtMs;
  const refused = entries.filter(({ event }) => event === 'click.refused').length;
  return [
    'What was the cause, and what keeps it from coming back?',
    ...(acknowledgedAtMs === undefined ? ['Nobody acknowledged it: were the right people notified?'] : []),
    ...(took !== undefined && took > SLOW_ACKNOWLEDGE_MS
      ? [`It took ${span(took)} until somebody acknowledged it: why?`]
      : []),
    ...(refused === 0 ? [] : [`${counted(refused, 'click')} refused: do people have the rights they need?`]),
    ...runs.flatMap(questionsAbout),
  ];
}

function questionsAbout(run: Run): readonly string[] {
  const unknown = run.items.some(({ state }) => state === 'unknown');
  return [
    ...(run.state === 'failed'
      ? [`${run.id} did not help: what was different from what the runbook expects?`]
      : []),
    ...(run.state === 'expired' ? [`The plan of ${run.id} expired: was an approver within reach?`] : []),
    ...(unknown ? [`${run.id} did not know whether a step had run: check the cluster once more.`] : []),
    ...(run.items.some(({ attempts = 0 }) => attempts > 1)
      ? [`${run.id} had to repeat a step: what interrupted it?`]
      : []),
  ];
}
