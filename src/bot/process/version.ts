import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The package's own number; the file stands at the same distance from the sources and from what is built of them. */
export function version(): string {
  const text = readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8');
  const manifest: unknown = JSON.parse(text);
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
