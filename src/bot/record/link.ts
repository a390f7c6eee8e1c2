import { createHash } from 'node:crypto';

/** One entry as it is kept: its exact text, and the link that ties it to the one before. */
export interface AuditRecord {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** The hash of the entry before; `genesis` for the first. */
  readonly before: string;
  readonly hash: string;
  /** Canonical JSON of the entry. */
  readonly text: string;
}

/** What stands before the first entry. */
export const genesis = '0'.repeat(64);

/** SHA-256 of an entry's text, in hex. */
export const textHashOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** The hash of an entry: the same as `linkOf` in the scripts that write it. */
export function linkOf(before: string, text: string, sequence: number): string {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  return createHash('sha256')
    .update(Buffer.from(before, 'hex'))
    .update(Buffer.from(textHashOf(text), 'hex'))
    .update(number)
    .digest('hex');
}
