import { statSync } from 'node:fs';

/** A file that more people may read or change than should. */
export interface ExposedFile {
  readonly path: string;
  /** What is wrong, and the command that mends it. */
  readonly text: string;
}

const OTHERS = 0o007;
const GROUP_WRITES = 0o020;

/** Looks at the mode of the configuration and of the files that its secrets are read from. */
export function exposedFiles(paths: readonly string[]): readonly ExposedFile[] {
  return paths.flatMap((path) => {
    const mode = modeOf(path);
    if (mode === undefined || (mode & (OTHERS | GROUP_WRITES)) === 0) {
      return [];
    }
    const who = (mode & OTHERS) === 0 ? 'its group may change it' : `every user may ${verbsOf(mode)} it`;
    const shown = (mode & 0o777).toString(8).padStart(3, '0');
    return [{ path, text: `${who} (mode ${shown}); chmod ${mode & 0o040 ? '640' : '600'} ${path}` }];
  });
}

const verbsOf = (mode: number): string =>
  (mode & 0o002) !== 0 ? ((mode & 0o004) !== 0 ? 'read and change' : 'change') : 'read';

/** Undefined for what is not there, and for what is no plain file: a pipe or /dev/fd is nobody else's to read. */
function modeOf(path: string): number | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? found.mode : undefined;
  } catch {
    return undefined;
  }
}
