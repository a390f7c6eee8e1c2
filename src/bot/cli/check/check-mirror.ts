import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openMirrorFile } from '../../audit/mirror-file.ts';
import { exposedFiles } from '../../config/file/exposed-files.ts';
import { bad, type CheckVerdict, ok, warning } from '../../ports/check-line.ts';

/** Check whether this user may append to the audit's mirror. Opens it as the bot does, writes nothing and creates no file. */
export async function checkMirror(path: string): Promise<CheckVerdict> {
  const folder = dirname(path);
  try {
    const found = await stat(path).catch(ifAbsent);
    if (found !== undefined) {
      return await checkFile(path, found.size);
    }
    const around = await stat(folder).catch(ifAbsent);
    if (around === undefined) {
      return bad(`there is no folder ${folder}; create it: install -d -m 0700 -o <the bot's user> ${folder}`);
    }
    await access(folder, constants.W_OK | constants.X_OK);
    return ok(`not created yet; the bot can create it in ${folder}`);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) {
      throw error;
    }
    return bad(`it cannot be written (${code}); ${mirrorCure(code, path)}`);
  }
}

async function checkFile(path: string, bytes: number): Promise<CheckVerdict> {
  const { last, close } = await openMirrorFile(path);
  await close();
  if (last === undefined && bytes > 0) {
    return warning('it holds other data than the audit; give the audit a file of its own');
  }
  const told = last === undefined ? 'it is empty' : `it holds entries up to ${last.sequence}`;
  const [exposed] = exposedFiles([path]);
  return exposed === undefined
    ? ok(`${told}, and the bot can write to it`)
    : warning(`${told}, and the bot can write to it; but ${exposed.text}`);
}

/** What to do about a mirror that the system does not let us write. */
export function mirrorCure(code: string, path: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `give ${dirname(path)} and what is in it to the bot's user, and run this check as that user`;
    case 'EROFS':
      return `its file system is read-only here; in a systemd unit, ReadWritePaths=${dirname(path)} opens it`;
    case 'EISDIR':
      return 'that is a folder: name a file in it as audit.file';
    case 'ENOTDIR':
      return 'a part of its path is a file, not a folder: name another path as audit.file';
    default:
      return 'name a file that the bot may write as audit.file';
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

function ifAbsent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') {
    throw error;
  }
}
