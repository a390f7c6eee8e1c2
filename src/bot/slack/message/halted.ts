import type { SectionBlock } from '../../ports/slack-blocks.ts';
import type { Halt } from '../../stores/stores.ts';
import { type Names, nameOf } from '../../wording/words.ts';
import { moment, mrkdwn } from './blocks.ts';
import { literal } from './escape.ts';

/** Who stopped the repairs, since when, and how they go on: one line, the same wherever it stands. */
export function haltedLine(halt: Halt, cluster: string, names: Names): string {
  const where = halt.everywhere ? 'all clusters' : literal(cluster, 100);
  if (halt.because !== undefined) {
    const how = halt.cure ?? `An approver can resume with /rabbit resume ${literal(cluster, 100)}.`;
    return `*Halted:* all repairs on ${where}: ${literal(halt.because, 300)}. ${literal(how, 200)}`;
  }
  const resume = halt.everywhere ? '/rabbit resume' : `/rabbit resume ${literal(cluster, 100)}`;
  return `*Halted:* ${literal(nameOf(names, halt.by), 100)} halted all repairs on ${where} at ${moment(halt.atMs)}. An approver can resume with ${resume}.`;
}

export const haltedSection = (halt: Halt, cluster: string, names: Names): SectionBlock => ({
  type: 'section',
  text: mrkdwn(haltedLine(halt, cluster, names)),
});
