import { book } from '../../../runbooks/index.ts';
import { readPostMortem } from '../../audit/read-post-mortem.ts';
import type { BotConfig } from '../../config/config.ts';
import { type Console, exitCodes, printable } from '../common/console.ts';
import { namesOf } from '../common/names.ts';
import { withStores } from '../common/with-stores.ts';
import type { AuditOptions } from './audit-options.ts';

/** `watership audit --incident … --markdown`: one incident's report. Whom Slack does not name just now stands in it with an id. */
export async function auditPostMortem(
  console: Console,
  config: BotConfig,
  { incident, run }: Pick<AuditOptions, 'incident' | 'run'>,
): Promise<number> {
  const id = incident ?? run;
  if (id === undefined) {
    console.err('--markdown prints one incident: name it with --incident INC-… or --run RUN-…\n');
    return exitCodes.unknown;
  }
  const found = await withStores(config, (stores) =>
    readPostMortem({ stores, book, config }, id, (ids) => namesOf(config, ids)),
  );
  if (found === undefined) {
    console.err(`No record of ${id}. Incidents and runs are kept for 90 days.\n`);
    return exitCodes.unknown;
  }
  console.out(printable(found.markdown));
  return exitCodes.ok;
}
