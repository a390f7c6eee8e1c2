import { rmSync } from 'node:fs';

/** Removes what programs have written. One that has just been killed may still have left a file while we looked. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
