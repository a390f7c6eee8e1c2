import type { SectionBlock } from '../../ports/slack-blocks.ts';
import type { TimelineEntry } from '../../record/entry.ts';
import { type Names, withNames } from '../../wording/words.ts';
import { linesSection, moment, mrkdwn, notification, type Rendered } from '../message/blocks.ts';
import { literal } from '../message/escape.ts';
import { limits } from '../message/limits.ts';

/** Most lines in one message: after an outage of Slack the thread is not flooded. */
const LINES_IN_A_BATCH = 10;
/** A line that is posted later than this says when it happened; otherwise Slack's own time of the message does. */
const LATE_MS = 30_000;

export interface ThreadBatch {
  readonly message: Rendered;
  readonly lines: number;
  readonly broadcast: boolean;
  /** It calls somebody by name. */
  readonly isCall: boolean;
}

/** The next lines of a thread as messages, in order; a line for the whole channel stands alone. */
export function threadLines(
  entries: readonly TimelineEntry[],
  names: Names,
  nowMs: number,
): readonly ThreadBatch[] {
  const batches: TimelineEntry[][] = [];
  for (const entry of entries) {
    const last = batches.at(-1);
    const isAlone = entry.broadcast === true || last?.at(-1)?.broadcast === true;
    if (last === undefined || isAlone || last.length >= LINES_IN_A_BATCH) {
      batches.push([entry]);
    } else {
      last.push(entry);
    }
  }
  return batches.map((batch) => ({
    message: {
      text: notification(batch.map(({ text }) => withNames(text, names)).join(' ')),
      blocks: [
        ...calls(batch),
        batch.some(({ atMs }) => nowMs - atMs > LATE_MS)
          ? {
              type: 'section',
              text: mrkdwn(batch.map((entry) => datedLine(entry, names, batch.length)).join('\n')),
            }
          : linesSection(
              undefined,
              batch.map(({ text }) => withNames(text, names)),
            ),
      ],
    },
    lines: batch.length,
    broadcast: batch[0]?.broadcast === true,
    isCall: batch.some(({ mentions = [] }) => mentions.length > 0),
  }));
}

/** Slack wakes those whom a message calls by id; the ids come from the configuration. */
function calls(batch: readonly TimelineEntry[]): SectionBlock[] {
  const ids = batch.flatMap(({ mentions = [] }) => mentions).filter((id) => /^[USW][A-Z0-9_]+$/.test(id));
  const called = ids.map((id) => (id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`));
  return called.length === 0 ? [] : [{ type: 'section', text: mrkdwn(called.join(' ')) }];
}

/** The date's token takes up to 60 characters of what Slack allows for a section, which the lines share. */
const datedLine = ({ atMs, text }: TimelineEntry, names: Names, lines: number): string =>
  `${moment(atMs)} ${literal(withNames(text, names), Math.floor(limits.sectionText / lines) - 60)}`;
