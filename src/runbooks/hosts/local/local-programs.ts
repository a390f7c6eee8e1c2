import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Where commands on this machine are looked for: not along the bot's own PATH. */
export const searchedFolders = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  dirname(process.execPath),
];

/** Is the program on this machine, where a command of a host would find it? */
export const isThere = (program: string): boolean =>
  program.includes('/')
    ? isExecutable(resolve('/', program))
    : searchedFolders.some((folder) => isExecutable(resolve(folder, program)));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
