import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, kill, type ProcessIdentity } from './process-identity.ts';

/** Which processes we started and have not yet seen end. Read by the guard and by the next start. */
export function writePidList(path: string, processes: readonly ProcessIdentity[]): void {
  writeFileSync(`${path}.new`, JSON.stringify(processes, null, 1));
  renameSync(`${path}.new`, path);
}

export function readPidList(path: string): readonly ProcessIdentity[] {
  try {
    const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(list) ? list.filter(isIdentity) : [];
  } catch {
    return [];
  }
}

/** Ends every listed process that is still the one we started. Returns the names of those it found alive. */
export async function killListed(path: string): Promise<readonly string[]> {
  const found = readPidList(path).filter(isAlive);
  for (const process of found) {
    kill(process, 'SIGKILL');
  }
  while (found.some(isAlive)) {
    await sleep(20);
  }
  return found.map(({ name }) => name);
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}
