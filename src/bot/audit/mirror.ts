import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { AuditRecord } from '../record/link.ts';
import type { AuditChain } from '../stores/stores.ts';
import { type MirrorFile, openMirrorFile } from './mirror-file.ts';
import { readMirror } from './read-mirror.ts';

/** Copies the chain into a file, each entry once. */
export interface Mirror {
  /** Copies what is new, as long as `isHeld` says that this replica is the one to do it. */
  catchUp(isHeld: () => boolean): Promise<void>;
  /** Forgets where it stood: another replica may write from now on. */
  close(): Promise<void>;
}

type Place = Pick<AuditRecord, 'sequence' | 'hash'>;

const PAGE = 500;

/** How a file is named where several hosts may have one of the same name. */
export const mirrorName = (path: string): string => `${hostname()}:${resolve(path)}`;

/** `onFork` is awaited when Redis has gone back behind what is in the file. */
export function createMirror(options: {
  readonly path: string;
  readonly chain: AuditChain;
  readonly onFork: (text: string) => Promise<void>;
}): Mirror {
  const { path, chain, onFork } = options;
  const file = mirrorName(path);
  let open: MirrorFile | undefined;
  let at: Place | undefined;

  return {
    async catchUp(isHeld) {
      const current = await inPlace();
      for (let isMore = true; isMore && isHeld(); ) {
        const page = await chain.records(at?.sequence ?? 1, PAGE);
        const fresh = at === undefined ? page : follow(at, page);
        if (fresh === undefined) {
          await goBack();
          continue;
        }
        const last = fresh.at(-1);
        if (last === undefined || !isHeld()) {
          return;
        }
        await current.append(fresh);
        at = { sequence: last.sequence, hash: last.hash };
        await chain.setMirrored({ ...at, file });
        isMore = page.length === PAGE;
      }
    },
    async close() {
      const closing = open;
      open = undefined;
      at = undefined;
      await closing?.close();
    },
  };

  /**
   * The file at the path, as it is now. Its own last line says where to go on, also when the bot died before it could say so in
   * Redis. A new file goes on where the rotated one ended.
   */
  async function inPlace(): Promise<MirrorFile> {
    if (open !== undefined && (await open.isInPlace())) {
      return open;
    }
    const rotated = open;
    open = undefined;
    await rotated?.close();
    const opened = await openMirrorFile(path);
    at = opened.last ?? at ?? (await chain.mirrored());
    open = opened;
    return opened;
  }

  /** Redis does not know the last line any more: a replica without the newest entries took over, or somebody set it back. */
  async function goBack(): Promise<void> {
    const from = at;
    at = await lastCommon();
    const kept = at === undefined ? 'none of them' : `them up to ${at.sequence}`;
    await onFork(
      `Redis was reset to an older state: the mirror has entries up to ${from?.sequence ?? 0}, and Redis ${kept}. ` +
        'What Redis lost is only in the mirror.',
    );
  }

  async function lastCommon(): Promise<Place | undefined> {
    const written = new Map<number, string>();
    for await (const line of readMirror([path])) {
      if (line.kind === 'entry') {
        written.set(line.record.sequence, line.record.hash);
      }
    }
    let common: Place | undefined;
    let from = 1;
    for (;;) {
      const page = await chain.records(from, PAGE);
      common = page.findLast(({ sequence, hash }) => written.get(sequence) === hash) ?? common;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) {
        return common;
      }
      from = last.sequence + 1;
    }
  }
}

/** What comes after the entry that was written last; undefined when the chain is not the one it stood in. */
function follow(at: Place, page: readonly AuditRecord[]): readonly AuditRecord[] | undefined {
  const [first, ...rest] = page;
  if (first === undefined) {
    return undefined;
  }
  if (first.sequence === at.sequence) {
    return first.hash === at.hash ? rest : undefined;
  }
  // Trimmed before it could be copied. What is left is copied; the gap stays visible.
  return page;
}
