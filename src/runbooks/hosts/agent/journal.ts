import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostAnswer } from '../common/host.ts';
import { openDurableFile } from './durable-file.ts';
import { type JournalLine, readLines, writeLine } from './journal-lines.ts';
import { FRESH_MS, NONCE_MS } from './protocol.ts';
import { holdAlone } from './sole-holder.ts';

/** Entry about one acting request. `running`: this process runs it; `interrupted`: an earlier process died over it. */
export interface JournalEntry {
  readonly id: string;
  readonly nonce: string;
  /** Of what was to be done: the same id for something else is a mistake. */
  readonly digest: string;
  readonly operation: string;
  readonly state: 'running' | 'interrupted' | 'answered';
  readonly answer?: HostAnswer;
  readonly atMs: number;
}

/**
 * What an agent has seen and done, on disk. A change is in memory at once, so that what comes in meanwhile meets it,
 * and on disk when the promise resolves. Rejects when it is not: then nothing may be done.
 */
export interface Journal {
  /** From when on it is whole. What came before that it may have forgotten. */
  readonly sinceMs: number;
  isSeen(nonce: string): boolean;
  find(id: string): JournalEntry | undefined;
  see(nonce: string): Promise<void>;
  intend(entry: Pick<JournalEntry, 'id' | 'nonce' | 'digest' | 'operation'>): Promise<void>;
  apply(id: string, answer: HostAnswer): Promise<void>;
  close(): Promise<void>;
}

/** How much a journal keeps. */
export interface JournalLimits {
  /** @default 86400000, a day */
  readonly keepMs?: number;
  /** Acting requests; when all of them are too young to be dropped, no more are taken. @default 2000 */
  readonly entries?: number;
  /** @default 20000 */
  readonly nonces?: number;
  /** Size of the file from which on it is written anew without what is too old. @default 1 MiB */
  readonly rewriteBytes?: number;
}

export interface JournalOptions extends JournalLimits {
  readonly folder: string;
  readonly now: () => number;
  /** Told of lines that could not be read, and of a rewrite that failed. */
  readonly onTrouble?: (what: string) => void;
}

const DAY_MS = 86_400_000;
/** Characters kept of an answer for a caller that asks again; the end of it, where reasons stand. */
const KEPT_CHARACTERS = 4_096;
/** Nothing younger is ever dropped to make room. */
const YOUNG_MS = 2 * FRESH_MS;

/** Opens the journal of a folder, alone. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, now, onTrouble = () => {} } = options;
  const { keepMs = DAY_MS, entries: mostEntries = 2_000, nonces: mostNonces = 20_000 } = options;
  const { rewriteBytes = 1024 * 1024 } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { release } = await holdAlone(join(folder, 'lock'));
  const { file, text } = await openDurableFile(join(folder, 'journal')).catch(async (error: unknown) => {
    await release();
    throw error;
  });

  const seen = new Map<string, number>();
  const entries = new Map<string, JournalEntry>();
  let sinceMs = takeIn(text);
  let rewriteAt = rewriteBytes;
  let writing = rewrite();
  await writing.catch(async (cause: unknown) => {
    await file.close();
    await release();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `the journal in ${folder} cannot be written: ${reason}; is the disk full, or does another user own the folder?`,
      { cause },
    );
  });

  /** Puts the lines into memory. Answers from when on they are whole. */
  function takeIn(content: string): number {
    const { lines, unread } = readLines(content);
    let since: number | undefined;
    for (const line of lines) {
      since = takeLine(line) ?? since;
    }
    if (unread === 0 && since !== undefined) {
      return since;
    }
    if (unread > 0) {
      onTrouble(`${unread} lines of the journal cannot be read: what they recorded is not known`);
    }
    return now();
  }

  function takeLine(line: JournalLine): number | undefined {
    switch (line.line) {
      case 'began':
        return line.sinceMs;
      case 'seen':
        seen.set(line.nonce, line.atMs);
        return undefined;
      case 'intended': {
        const { line: _, ...entry } = line;
        entries.set(line.id, { ...entry, state: 'interrupted' });
        return undefined;
      }
      case 'applied': {
        const entry = entries.get(line.id);
        if (entry !== undefined) {
          entries.set(line.id, { ...entry, state: 'answered', answer: line.answer });
        }
        return undefined;
      }
    }
  }

  /** Without what is too old to matter. What is dropped of the entries moves the beginning. */
  function dropOld(): void {
    const nowMs = now();
    for (const [nonce, atMs] of seen) {
      if (nowMs - atMs > NONCE_MS) {
        seen.delete(nonce);
      }
    }
    for (const { id, atMs, state } of entries.values()) {
      const isOver = nowMs - atMs > keepMs;
      const isSurplus = entries.size >= mostEntries && nowMs - atMs > YOUNG_MS;
      if (state === 'running' || !(isOver || isSurplus)) {
        continue;
      }
      entries.delete(id);
      sinceMs = Math.max(sinceMs, atMs + 1);
    }
  }

  async function rewrite(): Promise<void> {
    dropOld();
    const content = [writeLine({ line: 'began', sinceMs }), ...[...linesOf()].map(writeLine)].join('');
    await file.replace(content);
    rewriteAt = Math.max(rewriteBytes, 2 * file.bytes);
  }

  function* linesOf(): Iterable<JournalLine> {
    for (const [nonce, atMs] of seen) {
      yield { line: 'seen', nonce, atMs };
    }
    for (const { id, nonce, digest, operation, answer, atMs } of entries.values()) {
      yield { line: 'intended', id, nonce, digest, operation, atMs };
      if (answer !== undefined) {
        yield { line: 'applied', id, answer, atMs };
      }
    }
  }

  /** One write after the other. */
  function write(line: JournalLine): Promise<void> {
    const written = writing.then(async () => {
      await file.append(writeLine(line));
      if (file.bytes < rewriteAt) {
        return;
      }
      // The line is safe already: a rewrite that fails is tried again later.
      await rewrite().catch((error: unknown) => {
        rewriteAt = 2 * file.bytes;
        onTrouble(`the journal could not be rewritten: ${String(error)}`);
      });
    });
    writing = written.catch(() => {});
    return written;
  }

  function makeRoom(): void {
    if (seen.size >= mostNonces || entries.size >= mostEntries) {
      dropOld();
    }
    if (seen.size >= mostNonces || entries.size >= mostEntries) {
      throw new Error('the journal is full of requests that are too recent to be forgotten');
    }
  }

  return {
    get sinceMs() {
      return sinceMs;
    },
    isSeen: (nonce) => seen.has(nonce) || [...entries.values()].some((entry) => entry.nonce === nonce),
    find: (id) => entries.get(id),
    async see(nonce) {
      makeRoom();
      const atMs = now();
      seen.set(nonce, atMs);
      await write({ line: 'seen', nonce, atMs });
    },
    async intend(intended) {
      makeRoom();
      const atMs = now();
      entries.set(intended.id, { ...intended, state: 'running', atMs });
      try {
        await write({ line: 'intended', ...intended, atMs });
      } catch (error) {
        // Not done and not to be done: a caller that asks again learns that it is not known, which harms nothing.
        entries.set(intended.id, { ...intended, state: 'interrupted', atMs });
        throw error;
      }
    },
    async apply(id, answer) {
      const entry = entries.get(id);
      if (entry === undefined) {
        throw new Error(`the journal has no request ${id}`);
      }
      const kept = shortened(answer);
      entries.set(id, { ...entry, state: 'answered', answer: kept });
      await write({ line: 'applied', id, answer: kept, atMs: now() });
    },
    async close() {
      await writing;
      await file.close();
      await release();
    },
  };
}

function shortened(answer: HostAnswer): HostAnswer {
  return 'output' in answer && answer.output.length > KEPT_CHARACTERS
    ? { ...answer, output: `… ${answer.output.slice(-KEPT_CHARACTERS)}` }
    : answer;
}
