import { definite } from '../../rpc/index.ts';
import type { Seal, Trimmed } from '../record/entry.ts';
import { entryOf } from '../record/entry-text.ts';
import { type AuditRecord, genesis, linkOf } from '../record/link.ts';
import type { Fault } from './fault.ts';
import { judgeSeal } from './seal.ts';
import { trimFault } from './trim-fault.ts';

/** What one copy of the chain, read from its first entry to its last, comes to. */
export interface ChainVerdict {
  readonly entries: number;
  readonly first?: number;
  readonly last?: number;
  readonly fault?: Fault;
  /** Up to where a good seal vouches for it. */
  readonly sealedTo?: number;
  /** Entries dropped on purpose before the first one. */
  readonly trimmedTo?: number;
  /** Seals that were made with another key, and could not be judged. */
  readonly otherSeals: number;
  /** Number → hash of every entry that is there. */
  readonly hashes: ReadonlyMap<number, string>;
}

/** Checks one copy, an entry at a time. */
export interface ChainCheck {
  /** The fault that was found with this entry or before it. */
  take(record: AuditRecord): Fault | undefined;
  /** Once, after the last one. `given`: the highest number that was ever given, where that is known. */
  end(given?: number): ChainVerdict;
}

/** More than this many entries after the last seal do not happen: the bot seals every minute. */
const UNSEALED_AT_MOST = 1_000;

/**
 * `key` judges the seals and trims; without it a trim must have kept `keep` entries. `mayBegin`: may the copy begin anywhere, as a rotated file does? Otherwise what is missing at its
 * beginning must have been trimmed, and the chain itself must say so.
 */
export function checkChain(options: {
  readonly key?: string;
  readonly keep?: number;
  readonly mayBegin: boolean;
}): ChainCheck {
  const { key, keep, mayBegin } = options;
  const hashes = new Map<number, string>();
  let first: AuditRecord | undefined;
  let last: AuditRecord | undefined;
  let fault: Fault | undefined;
  let trimmed: (Trimmed & { readonly sequence: number }) | undefined;
  let sealedTo: number | undefined;
  let otherSeals = 0;

  return {
    take(record) {
      // Reading every entry's text would take most of the time of a check; few have anything to say about the chain.
      const about = isAboutChain.test(record.text) ? entryOf(record) : undefined;
      fault ??= linkFault(record, last, hashes) ?? sealFault(record.sequence, about?.seal);
      if (fault !== undefined) {
        return fault;
      }
      first ??= record;
      last = record;
      hashes.set(record.sequence, record.hash);
      trimmed = about?.trimmed === undefined ? trimmed : { ...about.trimmed, sequence: record.sequence };
      return undefined;
    },

    end(given) {
      fault ??= beginningFault(first, mayBegin ? undefined : { trimmed }) ?? endFault(last, given);
      if (!mayBegin && first !== undefined && first.sequence > 1 && trimmed !== undefined) {
        fault ??= trimFault(trimmed, { key, keep });
      }
      if (key !== undefined && last !== undefined) {
        fault ??= unsealedFault(last, sealedTo ?? first?.sequence);
      }
      return {
        entries: hashes.size,
        ...definite({ first: first?.sequence, last: last?.sequence, fault, sealedTo }),
        ...(first === undefined || first.sequence === 1 ? {} : { trimmedTo: first.sequence - 1 }),
        otherSeals,
        hashes,
      };
    },
  };

  function sealFault(sequence: number, seal: Seal | undefined): Fault | undefined {
    if (seal === undefined || key === undefined) {
      return undefined;
    }
    const worth = judgeSeal(key, seal);
    if (worth === 'other-key') {
      otherSeals += 1;
      return undefined;
    }
    if (worth === 'forged') {
      return {
        kind: 'forged-seal',
        sequence,
        text: `Entry ${sequence} is a seal that was not made with the key.`,
      };
    }
    const sealed = hashes.get(seal.sequence);
    if (sealed !== undefined && sealed !== seal.hash) {
      const text = `Entries up to ${seal.sequence} are not the ones that entry ${sequence} sealed.`;
      return { kind: 'replaced', sequence: seal.sequence, text };
    }
    if (sealed !== undefined) {
      sealedTo = seal.sequence;
    }
    return undefined;
  }
}

const isAboutChain = /"(?:seal|trimmed)":/;
const isHash = /^[0-9a-f]{64}$/;

function linkFault(
  record: AuditRecord,
  last: AuditRecord | undefined,
  hashes: ReadonlyMap<number, string>,
): Fault | undefined {
  const { sequence, before, hash, text } = record;
  if (last !== undefined && sequence > last.sequence + 1) {
    return missing(last.sequence + 1, sequence - 1);
  }
  if (last !== undefined && sequence <= last.sequence) {
    return {
      kind: 'out-of-order',
      sequence,
      text:
        hashes.get(sequence) === hash
          ? `Entry ${sequence} appears again after entry ${last.sequence}.`
          : `Entry ${sequence} appears after entry ${last.sequence}: another entry had this number before.`,
    };
  }
  if (!isHash.test(before) || linkOf(before, text, sequence) !== hash) {
    return {
      kind: 'edited',
      sequence,
      text: `Entry ${sequence} was edited or moved: its text does not match its hash.`,
    };
  }
  const expected = last?.hash ?? (sequence === 1 ? genesis : before);
  return before === expected
    ? undefined
    : {
        kind: 'replaced',
        sequence,
        text: `Entry ${sequence} does not follow the one before it: one of the two was replaced.`,
      };
}

function missing(from: number, to: number): Fault {
  const text = from === to ? `Entry ${from} is missing.` : `Entries ${from} to ${to} are missing.`;
  return { kind: 'missing', sequence: from, text };
}

function beginningFault(
  first: AuditRecord | undefined,
  must: { readonly trimmed: Trimmed | undefined } | undefined,
): Fault | undefined {
  if (must === undefined || first === undefined || first.sequence === 1) {
    return undefined;
  }
  const { trimmed } = must;
  if (trimmed === undefined) {
    return missing(1, first.sequence - 1);
  }
  if (trimmed.firstKept < first.sequence) {
    return missing(trimmed.firstKept, first.sequence - 1);
  }
  // The stream may hold entries that were to be dropped: then nothing is missing.
  if (trimmed.firstKept > first.sequence || trimmed.before === first.before) {
    return undefined;
  }
  const text = `Entry ${first.sequence} is not the first one that was kept when the chain was trimmed.`;
  return { kind: 'replaced', sequence: first.sequence, text };
}

function endFault(last: AuditRecord | undefined, given: number | undefined): Fault | undefined {
  const end = last?.sequence ?? 0;
  if (given === undefined || given <= end) {
    return undefined;
  }
  const { text } = missing(end + 1, given);
  return { kind: 'truncated', sequence: end + 1, text: `${text} The chain was cut off at its end.` };
}

function unsealedFault(last: AuditRecord, sealedTo = 0): Fault | undefined {
  const unsealed = last.sequence - sealedTo;
  return unsealed <= UNSEALED_AT_MOST
    ? undefined
    : {
        kind: 'unsealed',
        sequence: sealedTo + 1,
        text: `The ${unsealed} entries from ${sealedTo + 1} on are not sealed, although the bot seals every minute.`,
      };
}
