import { existsSync } from 'node:fs';
import { reasonOf } from '../../../rpc/index.ts';
import type { ChainVerdict } from '../../audit/check-chain.ts';
import { type Verified, verifyAudit } from '../../audit/verify.ts';
import type { BotConfig } from '../../config/config.ts';
import type { Stores } from '../../stores/stores.ts';
import { counted } from '../../wording/words.ts';
import { type Console, exitCodes, printable, printJson } from '../common/console.ts';
import { withStores } from '../common/with-stores.ts';
import type { AuditOptions } from './audit-options.ts';

/** `watership audit --verify`: 0 when every copy is sound and all say the same, 2 with the first entry that is not as it was written. */
export async function auditVerify(
  console: Console,
  config: BotConfig,
  options: Pick<AuditOptions, 'file' | 'json'>,
): Promise<number> {
  const { file, key, keep } = config.audit;
  const files = options.file ?? (file !== undefined && existsSync(file) ? [file] : []);
  const gone = files.find((path) => !existsSync(path));
  if (gone !== undefined) {
    console.err(`${gone} does not exist\n`);
    return exitCodes.unknown;
  }
  const withKey = key === undefined ? {} : { key };
  let away: string | undefined;
  const verified = await withStores(config, (stores) =>
    verifyAudit({
      chain: stores.chain,
      files,
      keep,
      oldestWorkMs: () => oldestWorkMs(stores),
      ...withKey,
    }),
  ).catch((error: unknown) => {
    if (files.length === 0) {
      throw error;
    }
    away = reasonOf(error);
    return verifyAudit({ files, ...withKey });
  });
  const notes = [
    ...(away === undefined ? [] : [`${away}. Only the mirror was checked.`]),
    ...(options.file === undefined && file !== undefined && files.length === 0
      ? [`${file} is not on this host: the mirror was not compared.`]
      : []),
    ...verified.notes,
  ];
  if (options.json) {
    printJson(console, jsonOf({ ...verified, notes }));
  } else {
    console.out(printable(tell({ ...verified, notes }, files)));
  }
  if (verified.fault !== undefined) {
    return exitCodes.critical;
  }
  return away === undefined ? exitCodes.ok : exitCodes.unknown;
}

/** Newest runs and incidents that are compared with the chain. */
const LOOKED_AT = 200;

/** When the oldest of the newest runs and incidents began. */
async function oldestWorkMs({
  runs,
  incidents,
}: Pick<Stores, 'runs' | 'incidents'>): Promise<number | undefined> {
  const limit = LOOKED_AT;
  const [begun, opened] = await Promise.all([runs.recent({ limit }), incidents.recent({ limit })]);
  const times = [
    ...begun.map(({ startedAtMs }) => startedAtMs),
    ...opened.map(({ openedAtMs }) => openedAtMs),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

function tell({ redis, file, fault, notes }: Verified, files: readonly string[]): string {
  const name = files.join(', ');
  const lines = [
    ...(redis === undefined ? [] : [wordsOf('Redis', redis)]),
    ...(file === undefined ? [] : [wordsOf(name, file)]),
    ...notes,
    fault === undefined
      ? 'Sound: no entry was edited, removed, replaced or cut off.'
      : `BROKEN in ${fault.where === 'redis' ? 'Redis' : name}: ${fault.text}`,
  ];
  return `${lines.join('\n')}\n`;
}

function wordsOf(name: string, { entries, first, last, fault }: ChainVerdict): string {
  if (first === undefined || last === undefined) {
    return `${name}: no entries.`;
  }
  const sound = fault === undefined ? '' : ', sound up to there';
  return `${name}: ${counted(entries, 'entry', 'entries')}, ${first} to ${last}${sound}.`;
}

/** For programs: the same without every single hash. */
const jsonOf = ({ redis, file, ...rest }: Verified) => ({
  ...rest,
  ...(redis === undefined ? {} : { redis: withoutHashes(redis) }),
  ...(file === undefined ? {} : { file: withoutHashes(file) }),
});

const withoutHashes = ({ hashes: _, ...verdict }: ChainVerdict) => verdict;
