import { z } from 'zod';
import { hostAnswerSchema } from './protocol.ts';

const atMs = z.int().min(0);

/** One line of the journal. `began` says from when on it is whole, and stands first. */
const lineSchema = z.discriminatedUnion('line', [
  z.strictObject({ line: z.literal('began'), sinceMs: atMs }),
  z.strictObject({ line: z.literal('seen'), nonce: z.string(), atMs }),
  z.strictObject({
    line: z.literal('intended'),
    id: z.string(),
    nonce: z.string(),
    digest: z.string(),
    operation: z.string(),
    atMs,
  }),
  z.strictObject({ line: z.literal('applied'), id: z.string(), answer: hostAnswerSchema, atMs }),
]);

export type JournalLine = z.infer<typeof lineSchema>;

export const writeLine = (line: JournalLine): string => `${JSON.stringify(line)}\n`;

/** The lines of a journal, and how many could not be read. */
export function readLines(text: string): { readonly lines: readonly JournalLine[]; readonly unread: number } {
  const lines: JournalLine[] = [];
  let unread = 0;
  for (const each of text.split('\n')) {
    if (each === '') {
      continue;
    }
    const line = readLine(each);
    if (line === undefined) {
      unread += 1;
    } else {
      lines.push(line);
    }
  }
  return { lines, unread };
}

function readLine(text: string): JournalLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
