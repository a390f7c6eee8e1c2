import type { Trimmed } from '../record/entry.ts';
import { counted } from '../wording/words.ts';
import type { Fault } from './fault.ts';
import { judgeTrim } from './seal.ts';

/**
 * Whether a trim is the bot's own. Where a key is configured it alone says so: everything else in the entry can be written by
 * whoever may write to Redis. Without one, a trim that kept less than the bot keeps was not the bot's.
 */
export function trimFault(
  trimmed: Trimmed & { readonly sequence: number },
  { key, keep }: { readonly key: string | undefined; readonly keep: number | undefined },
): Fault | undefined {
  const { sequence, firstKept } = trimmed;
  const fault = (why: string): Fault => ({
    kind: 'forged-trim',
    sequence,
    text: `Entry ${sequence} says that the entries before ${firstKept} were trimmed, but ${why}.`,
  });
  if (key === undefined) {
    const kept = sequence - firstKept;
    return keep === undefined || kept >= keep
      ? undefined
      : fault(`it kept only ${counted(kept, 'entry', 'entries')}, not the ${keep} of audit.keep`);
  }
  switch (judgeTrim(key, trimmed)) {
    case 'good':
      return undefined;
    case 'forged':
      return fault('that was not sealed with the key');
    case 'other-key':
      return fault('that was sealed with another key: it is not known who trimmed it');
    case 'without-key':
      return fault(
        'that was not sealed: it was written before audit.key was configured, or by somebody else',
      );
  }
}
