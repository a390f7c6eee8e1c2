import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Layout } from './layout.ts';
import { killListed } from './pid-list.ts';
import { startOf } from './process-identity.ts';

/** What came of asking for a folder: `leftOver` names what an earlier sandbox had left running there. */
export type Claim =
  | { readonly kind: 'claimed'; readonly leftOver: readonly string[] }
  /** A sandbox starts or runs there; two of them would end each other. */
  | { readonly kind: 'taken'; readonly pid: number }
  /** It holds something that no sandbox has made. It would be deleted. */
  | { readonly kind: 'foreign' };

/** Makes the folder this process's own and empty, unless it is somebody else's. */
export async function claimFolder(layout: Layout): Promise<Claim> {
  const holder = readHolder(layout);
  if (holder !== undefined && startOf(holder.pid) === holder.startedAt) {
    return { kind: 'taken', pid: holder.pid };
  }
  if (!isOurs(layout)) {
    return { kind: 'foreign' };
  }
  const leftOver = await killListed(layout.pidList);
  rmSync(layout.folder, { recursive: true, force: true });
  mkdirSync(layout.logs, { recursive: true });
  writeFileSync(layout.claim, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }));
  return { kind: 'claimed', leftOver };
}

/** Empty, not there, or with one of the files that every sandbox begins with. */
const isOurs = ({ folder, claim, pidList }: Layout): boolean =>
  !existsSync(folder) || readdirSync(folder).length === 0 || existsSync(claim) || existsSync(pidList);

function readHolder({ claim }: Layout): { readonly pid: number; readonly startedAt: string } | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(claim, 'utf8'));
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
