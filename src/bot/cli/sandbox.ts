import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CommonOptions, type Console, exitCodes } from './common/console.ts';

/** `watership sandbox`: only a source checkout holds the sandbox; an installed package does not. */
export async function sandboxCommand(
  console: Console,
  _options: CommonOptions,
  args: readonly string[],
): Promise<number> {
  const root = resolve(import.meta.dirname, '../../..');
  const script = resolve(root, 'sandbox/install.mjs');
  if (!existsSync(script)) {
    console.err('The sandbox comes with the source only. Clone the project, then: npm run sandbox\n');
    return exitCodes.unknown;
  }
  const child = spawn(process.execPath, [script, 'sandbox', ...args], { cwd: root, stdio: 'inherit' });
  // The terminal sends its signals to the child as well; here they only must not end the parent before it.
  console.onStop(() => {});
  return new Promise((done) => {
    child.once('error', (error) => {
      console.err(`The sandbox could not be started: ${error.message}\n`);
      done(exitCodes.unknown);
    });
    child.once('exit', (code) => done(code ?? exitCodes.unknown));
  });
}
