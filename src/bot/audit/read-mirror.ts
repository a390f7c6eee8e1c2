import { createReadStream } from 'node:fs';
import type { AuditRecord } from '../record/link.ts';
import { recordOfLine } from './mirror-line.ts';

export type MirrorLine =
  | { readonly kind: 'entry'; readonly record: AuditRecord }
  /** Not what the bot writes. */
  | { readonly kind: 'spoiled'; readonly path: string; readonly line: number }
  /** The last one, without its end: the bot is writing it, or died over it and completes it later. */
  | { readonly kind: 'unfinished' };

/** The lines of mirror files, one after the other: a rotated one before its successor. */
export async function* readMirror(paths: readonly string[]): AsyncGenerator<MirrorLine> {
  for (const path of paths) {
    let line = 0;
    let rest = '';
    for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
      const pieces = `${rest}${chunk}`.split('\n');
      rest = pieces.pop() ?? '';
      for (const text of pieces) {
        line += 1;
        const record = recordOfLine(text);
        yield record === undefined ? { kind: 'spoiled', path, line } : { kind: 'entry', record };
      }
    }
    if (rest === '') {
      continue;
    }
    const record = recordOfLine(rest);
    yield record === undefined ? { kind: 'unfinished' } : { kind: 'entry', record };
  }
}
