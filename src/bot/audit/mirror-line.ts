import { canonicalJson } from '../../runbooks/index.ts';
import type { AuditRecord } from '../record/link.ts';

/** One line of the mirror file, without its end: number, hashes, and the entry's own text as it was hashed. */
export const lineOf = ({ sequence, before, hash, text }: AuditRecord): string =>
  `{"sequence":${sequence},"before":"${before}","hash":"${hash}","entry":${text}}`;

/** Reads a line. Undefined when it is not, to the letter, what `lineOf` writes. */
export function recordOfLine(line: string): AuditRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isLine(value)) {
      return undefined;
    }
    const { sequence, before, hash, entry } = value;
    const record = { sequence, before, hash, text: canonicalJson(entry) };
    return lineOf(record) === line ? record : undefined;
  } catch {
    return undefined;
  }
}

const isLine = (
  value: unknown,
): value is {
  readonly sequence: number;
  readonly before: string;
  readonly hash: string;
  readonly entry: unknown;
} =>
  typeof value === 'object' &&
  value !== null &&
  'sequence' in value &&
  typeof value.sequence === 'number' &&
  Number.isSafeInteger(value.sequence) &&
  value.sequence > 0 &&
  'before' in value &&
  typeof value.before === 'string' &&
  'hash' in value &&
  typeof value.hash === 'string' &&
  'entry' in value;
