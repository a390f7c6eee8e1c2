import { CommanderError } from 'commander';
import { redactKnown } from '../process/redact.ts';
import { commandTree } from './command-tree.ts';
import { type Console, exitCodes } from './common/console.ts';

/** The command line. Answers with the exit code; it never ends the process itself. */
export async function program(given: Console & { readonly argv: readonly string[] }): Promise<number> {
  // Whatever a command prints, and whatever error ends it: no secret of the configuration is in it.
  const options = {
    ...given,
    out: (text: string) => given.out(redactKnown(text)),
    err: (text: string) => given.err(redactKnown(text)),
  };
  let exitCode: number = exitCodes.ok;
  const root = commandTree(options, (code) => {
    exitCode = code;
  });

  try {
    await root.parseAsync([...options.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version arrive here as well, with exit code 0; what is wrong has been printed.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.unknown;
    }
    const { reasonOf } = await import('../../rpc/index.ts');
    options.err(`${reasonOf(error)}\n`);
    return exitCodes.unknown;
  }
}
