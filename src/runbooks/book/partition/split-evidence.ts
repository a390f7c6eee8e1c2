import type { Look } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { StepContext } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import { configured } from '../../snapshot/views.ts';
import { counted } from '../../wording/words.ts';
import { keepChoices } from './side-choice.ts';
import { sideLooks } from './side-differences.ts';

type Context = Pick<StepContext<unknown>, 'now' | 'answered'>;

/** Looks at what speaks for each side: how services reach it, what it holds, what it reports about itself. */
export function evidenceLooks({ now }: Context): readonly Look[] {
  const nodes = configured(now.snapshot);
  return [
    { look: 'reached-by' },
    ...sideLooks(now.snapshot),
    ...nodes.map((node): Look => ({ look: 'stop-is-safe', node })),
    ...nodes.map((node): Look => ({ look: 'partition-handling', node })),
  ];
}

export function splitEvidenceLines(context: Context): readonly string[] {
  const { now, answered } = context;
  const nodes = configured(now.snapshot);
  const short = shortNames(nodes);
  const choices = keepChoices(now, answered);
  const held = nodes.map((node) => {
    const side = answerTo(answered, { look: 'side', node });
    if (side.kind === 'unseen') {
      return `${short(node)}: I could not list its queues: ${side.because}`;
    }
    return `${short(node)} holds ${counted(side.queues.length, 'queue')} and ${counted(side.bindings.length, 'binding')}`;
  });
  const critical = nodes.flatMap((node) => {
    const safe = answerTo(answered, { look: 'stop-is-safe', node });
    return safe.kind === 'stop-is-safe' && !safe.isSafe
      ? [`${short(node)} reports that it is critical for ${counted(safe.critical.length, 'queue')}`]
      : [];
  });
  const modes = nodes.flatMap((node) => {
    const handling = answerTo(answered, { look: 'partition-handling', node });
    return handling.kind === 'partition-handling' ? [`${short(node)}: ${handling.mode}`] : [];
  });
  return [
    ...choices.map(({ label, because }, index) => `${index === 0 ? 'Proposed: ' : ''}${label}: ${because}`),
    ...held,
    ...critical,
    ...(critical.length > 0
      ? [
          'During a split every node reports this, even the node that is cut off: choose by the sides, not by this.',
        ]
      : []),
    ...(modes.length > 0 ? [`cluster_partition_handling: ${modes.join(', ')}`] : []),
  ];
}
