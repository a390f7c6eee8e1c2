import { definite } from '../../../rpc/index.ts';
import { readMirror } from '../../audit/read-mirror.ts';
import { parseDuration } from '../../config/schema/duration.ts';
import type { RecordedEntry } from '../../record/entry.ts';
import { entryOf } from '../../record/entry-text.ts';
import { peopleOfEntry } from '../../record/people-of.ts';
import type { Stores } from '../../stores/stores.ts';
import { type Names, utcMoment, withNames } from '../../wording/words.ts';
import { type Console, exitCodes, printable, printJson } from '../common/console.ts';
import { namesOf } from '../common/names.ts';
import { numberOption } from '../common/number-option.ts';
import { readConfig } from '../common/read-config.ts';
import { withStores } from '../common/with-stores.ts';
import type { AuditOptions } from './audit-options.ts';
import { auditPostMortem } from './audit-post-mortem.ts';
import { auditVerify } from './audit-verify.ts';

/** Entries printed when no option limits them. */
const NEWEST = 50;

/** `watership audit`: every recorded step, oldest first; or whether all of them are what was written; or one incident's report. */
export async function auditCommand(console: Console, options: AuditOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  if (options.verify === true) {
    return auditVerify(console, config, options);
  }
  if (options.markdown === true) {
    return auditPostMortem(console, config, options);
  }

  const sinceMs = options.since === undefined ? 0 : parseDuration(options.since);
  if (sinceMs === undefined) {
    console.err(`--since ${options.since ?? ''}: expected a duration such as 30m, 24h or 7d\n`);
    return exitCodes.unknown;
  }
  const limit = numberOption('--limit', options.limit);
  const { run, incident, file } = options;
  const wanted = {
    ...(sinceMs === 0 ? {} : { sinceMs: Date.now() - sinceMs }),
    ...definite({ run, incident }),
  };
  // Who says which entries are wanted, wants all of them.
  const most = limit ?? (Object.keys(wanted).length > 0 ? Number.POSITIVE_INFINITY : NEWEST);
  const { entries, earlier } =
    file === undefined
      ? await withStores(config, (stores) => readStored(stores, wanted, most))
      : await readFiles(file, wanted, most);
  const left = `${earlier} earlier ${earlier === 1 ? 'entry is' : 'entries are'} not shown: --limit ${entries.length + earlier} shows all\n`;
  // Whatever reads the JSON finds a list in it, as always; a person is told beside it.
  if (earlier > 0) {
    (options.json ? console.err : console.out)(left);
  }
  if (options.json) {
    printJson(console, entries);
  } else {
    const names = await namesOf(
      config,
      entries.flatMap((entry) => peopleOfEntry(entry, config.people)),
    );
    for (const entry of entries) {
      console.out(printable(`${lineOf(entry, names)}\n`));
    }
    if (entries.length === 0) {
      console.out('No audit entries.\n');
    }
  }
  return exitCodes.ok;
}

function lineOf({ atMs, actor, event, cluster, incident, run, text }: RecordedEntry, names: Names): string {
  const about = [cluster, incident, run].filter(Boolean).join(' ');
  return `${utcMoment(atMs)}  ${withNames(actor, names)}  ${event}  ${about}  ${withNames(text, names)}`;
}

interface Wanted {
  readonly sinceMs?: number;
  readonly run?: string;
  readonly incident?: string;
}

/** The newest of what is wanted, oldest first, and how many were left out before them. */
interface Read {
  readonly entries: readonly RecordedEntry[];
  readonly earlier: number;
}

async function readStored(
  { audit, chain }: Pick<Stores, 'audit' | 'chain'>,
  wanted: Wanted,
  most: number,
): Promise<Read> {
  // Without a narrower wish the number is known without reading them all.
  if (Object.keys(wanted).length === 0) {
    const entries = await audit.read({ limit: most });
    return { entries, earlier: Math.max(0, (await chain.size()) - entries.length) };
  }
  const all = await audit.read({ ...wanted, limit: Number.POSITIVE_INFINITY });
  const entries = all.slice(-most);
  return { entries, earlier: all.length - entries.length };
}

/** The same from mirror files: for the day on which Redis is lost. */
async function readFiles(
  files: readonly string[],
  { sinceMs = 0, run, incident }: Wanted,
  most: number,
): Promise<Read> {
  const entries: RecordedEntry[] = [];
  let earlier = 0;
  for await (const line of readMirror(files)) {
    if (line.kind !== 'entry') {
      continue;
    }
    const entry = entryOf(line.record);
    if (entry.atMs < sinceMs || (run !== undefined && entry.run !== run)) {
      continue;
    }
    if (incident !== undefined && entry.incident !== incident) {
      continue;
    }
    entries.push(entry);
    if (entries.length > most) {
      entries.shift();
      earlier += 1;
    }
  }
  return { entries, earlier };
}
