import type { AuditEntry } from '../audit/entry.ts';
import { entryOf } from '../audit/entry-text.ts';
import { readMirror } from '../audit/read-mirror.ts';
import { parseDuration } from '../config/duration.ts';
import type { AuditOptions } from './audit-options.ts';
import { auditPostMortem } from './audit-post-mortem.ts';
import { auditVerify } from './audit-verify.ts';
import { type Console, exitCodes, plain, printJson, readConfig } from './console.ts';
import { withStores } from './stores.ts';

/** `watership audit`: every recorded step, oldest first; or whether all of them are what was written; or one incident's report. */
export async function auditCommand(console: Console, options: AuditOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) return exitCodes.critical;
  if (options.verify === true) return auditVerify(console, config, options);
  if (options.markdown === true) return auditPostMortem(console, config, options);

  const sinceMs = options.since === undefined ? 0 : parseDuration(options.since);
  if (sinceMs === undefined) {
    console.err(`--since ${options.since ?? ''}: expected a duration such as 30m, 24h or 7d\n`);
    return exitCodes.unknown;
  }
  const { run, incident, file } = options;
  const wanted = {
    limit: Number(options.limit) || 50,
    ...(sinceMs === 0 ? {} : { sinceMs: Date.now() - sinceMs }),
    ...(run === undefined ? {} : { run }),
    ...(incident === undefined ? {} : { incident }),
  };
  const entries =
    file === undefined
      ? await withStores(config, ({ audit }) => audit.read(wanted))
      : await readFiles(file, wanted);
  if (options.json) printJson(console, entries);
  else {
    for (const entry of entries) console.out(plain(`${lineOf(entry)}\n`));
    if (entries.length === 0) console.out('Nothing is recorded.\n');
  }
  return exitCodes.ok;
}

function lineOf({ atMs, actor, event, cluster, incident, run, text }: AuditEntry): string {
  const about = [cluster, incident, run].filter(Boolean).join(' ');
  return `${new Date(atMs).toISOString()}  ${actor}  ${event}  ${about}  ${text}`;
}

/** The same from mirror files: for the day on which Redis is lost. */
async function readFiles(
  files: readonly string[],
  wanted: {
    readonly limit: number;
    readonly sinceMs?: number;
    readonly run?: string;
    readonly incident?: string;
  },
): Promise<readonly AuditEntry[]> {
  const { limit, sinceMs = 0, run, incident } = wanted;
  const found: AuditEntry[] = [];
  for await (const line of readMirror(files)) {
    if (line.kind !== 'entry') continue;
    const entry = entryOf(line.record);
    if (entry.atMs < sinceMs || (run !== undefined && entry.run !== run)) continue;
    if (incident !== undefined && entry.incident !== incident) continue;
    found.push(entry);
    if (found.length > limit) found.shift();
  }
  return found;
}
