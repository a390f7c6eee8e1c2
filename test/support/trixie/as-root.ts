import { spawnSync } from 'node:child_process';

/** What to put before a command that needs root; undefined when there is no way that asks nobody. */
export function rootPrefix(): readonly string[] | undefined {
  if (process.getuid?.() === 0) {
    return [];
  }
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}
