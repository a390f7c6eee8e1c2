import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes `host-command.mjs` as a program of its own that knows this sandbox's control port: what people approve then
 * reads `…/bin/host node.stop rabbit45@localhost`.
 */
export function writeHostCommand(path: string, controlUrl: string): void {
  const source = readFileSync(new URL('./host-command.mjs', import.meta.url), 'utf8');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.mjs`, source);
  // A shebang line is too short for the path of some Nodes; a shell passes any.
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${path}.mjs' '${controlUrl}' "$@"\n`, {
    mode: 0o755,
  });
}
