import { type CommonOptions, type Console, exitCodes, plain, printJson, readConfig } from './console.ts';
import { withStores } from './stores.ts';

interface AuditOptions extends CommonOptions {
  readonly run?: string;
  readonly incident?: string;
  readonly limit: string;
}

/** `watership audit`: every recorded step, oldest first. */
export async function auditCommand(console: Console, options: AuditOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) return exitCodes.critical;
  const { run, incident } = options;
  const entries = await withStores(config, ({ audit }) =>
    audit.read({
      limit: Number(options.limit) || 50,
      ...(run === undefined ? {} : { run }),
      ...(incident === undefined ? {} : { incident }),
    }),
  );
  if (options.json) printJson(console, entries);
  else {
    for (const { atMs, actor, event, cluster, incident, run, text } of entries) {
      const about = [cluster, incident, run].filter(Boolean).join(' ');
      console.out(plain(`${new Date(atMs).toISOString()}  ${actor}  ${event}  ${about}  ${text}\n`));
    }
    if (entries.length === 0) console.out('Nothing is recorded.\n');
  }
  return exitCodes.ok;
}
