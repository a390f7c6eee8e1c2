import { book } from '../../runbooks/index.ts';
import { repairs } from '../wording/repairs.ts';
import { type CommonOptions, type Console, exitCodes, printJson } from './common/console.ts';
import { runbooksPage } from './runbooks-page.ts';

/** `watership runbooks`: needs no configuration. */
export async function runbooksCommand(
  console: Console,
  options: CommonOptions & { readonly markdown?: boolean },
): Promise<number> {
  if (options.markdown) {
    console.out(runbooksPage(book));
    return exitCodes.ok;
  }
  const rows = book.map((runbook) => {
    const { id, title, summary, handbook } = runbook;
    return { id, title, summary, handbook, repairs: repairs(runbook) };
  });
  if (options.json) {
    printJson(console, rows);
  } else {
    for (const { id, title, summary, repairs } of rows) {
      console.out(`${id}${repairs ? '' : ' (reports only, no repair)'}\n  ${title}\n  ${summary}\n`);
    }
  }
  return exitCodes.ok;
}
