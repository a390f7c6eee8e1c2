import { book } from '../../runbooks/index.ts';
import { type CommonOptions, type Console, exitCodes, printJson } from './console.ts';

/** `watership runbooks`: needs no configuration. */
export async function runbooksCommand(console: Console, options: CommonOptions): Promise<number> {
  const rows = book.map(({ id, title, summary, handbook, steps }) => ({
    id,
    title,
    summary,
    handbook,
    repairs: steps.some(({ kind }) => kind === 'act' || kind === 'manual' || kind === 'each'),
  }));
  if (options.json) printJson(console, rows);
  else {
    for (const { id, title, summary, repairs } of rows) {
      console.out(`${id}${repairs ? '' : ' (tells, does not repair)'}\n  ${title}\n  ${summary}\n`);
    }
  }
  return exitCodes.ok;
}
