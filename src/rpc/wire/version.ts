import { PythonException } from '../errors.ts';

/**
 * Compatibility: may an implementation of version `implemented` serve a request for `requested`? It has the same major, and
 * is not older. Components compare as integers.
 * @throws PythonException for a version of one part or with other characters: a server must answer it with exactly what Python
 * throws.
 */
export function isVersionCompatible(
  implemented: string | undefined | null,
  requested: string | undefined | null,
): boolean {
  if (implemented === undefined || implemented === null) {
    return true;
  }
  if (requested === undefined || requested === null) {
    return false;
  }
  if (implemented === requested && plainVersion.test(requested)) {
    return true;
  }
  const have = parts(implemented);
  const want = parts(requested);
  if (have.major !== want.major) {
    return false;
  }
  if (want.minor !== have.minor) {
    return want.minor < have.minor;
  }
  return want.revision <= have.revision;
}

/** Nearly every message asks for the very version that is there. */
const plainVersion = /^\d+\.\d+$/;

function parts(version: string): { major: number; minor: number; revision: number } {
  const [major, minor, revision] = version.split('.').map(component);
  if (major === undefined || minor === undefined) {
    throw new PythonException('IndexError', 'list index out of range');
  }
  return { major, minor, revision: revision ?? 0 };
}

function component(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw new PythonException('ValueError', `invalid literal for int() with base 10: '${text}'`);
  }
  return Number(text);
}
