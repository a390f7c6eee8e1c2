import { definite } from '../../rpc/index.ts';
import { entryOf } from '../record/entry-text.ts';
import type { AuditRecord } from '../record/link.ts';
import type { AuditChain, Mirrored } from '../stores/stores.ts';
import { counted, utcMoment } from '../wording/words.ts';
import { type ChainVerdict, checkChain } from './check-chain.ts';
import type { Fault } from './fault.ts';
import { mirrorName } from './mirror.ts';
import { readMirror } from './read-mirror.ts';

/** What became of the audit: each copy by itself, and one beside the other. */
export interface Verified {
  readonly redis?: ChainVerdict;
  readonly file?: ChainVerdict;
  /** The first fault, and where it was found. */
  readonly fault?: Fault & { readonly where: 'redis' | 'file' };
  /** What is no fault, and what a reader must know to judge. */
  readonly notes: readonly string[];
}

const PAGE = 1_000;

/** Reads every copy there is from its first entry to its last. `files`: the oldest first. */
export async function verifyAudit(options: {
  readonly chain?: AuditChain;
  readonly files: readonly string[];
  readonly key?: string;
  /** `audit.keep`. */
  readonly keep?: number;
  /** When the oldest known run or incident began; undefined when there is none. */
  readonly oldestWorkMs?: () => Promise<number | undefined>;
}): Promise<Verified> {
  const { chain, files, key, keep } = options;
  // In this order: what is read later can only be longer.
  const oldestMs = await options.oldestWorkMs?.();
  const mirrored = await chain?.mirrored();
  const file = files.length === 0 ? undefined : await checkFiles(files, key);
  const redis = chain === undefined ? undefined : await checkRedis(chain, { key, keep, oldestMs });
  const fault =
    found('redis', redis?.fault) ??
    found('file', file?.fault) ??
    (redis && file && compared(redis, file)) ??
    (file && found('file', shortened(file, files, mirrored)));
  return {
    ...definite({ redis, file, fault }),
    notes: notesOf(redis, file, files, key),
  };
}

type Where = 'redis' | 'file';

const found = (where: Where, fault: Fault | undefined): Verified['fault'] => fault && { ...fault, where };

async function checkRedis(
  chain: AuditChain,
  known: {
    readonly key: string | undefined;
    readonly keep: number | undefined;
    readonly oldestMs: number | undefined;
  },
): Promise<ChainVerdict> {
  const check = checkChain({ mayBegin: false, ...definite({ key: known.key, keep: known.keep }) });
  const given = await chain.given();
  const [first] = await chain.records(1, 1);
  const gone = known.oldestMs === undefined ? undefined : goneFault(first, known.oldestMs);
  for (let from = 1; ; ) {
    const page = await chain.records(from, PAGE);
    const last = page.at(-1);
    const isBroken = page.some((record) => check.take(record) !== undefined);
    if (isBroken || last === undefined || page.length < PAGE) {
      const verdict = check.end(given);
      return verdict.fault !== undefined || gone === undefined ? verdict : { ...verdict, fault: gone };
    }
    from = last.sequence + 1;
  }
}

/** An incident is opened after it was first seen, and clocks differ. */
const OLDER_AT_LEAST_MS = 3_600_000;

/** Nothing begins without its entry: a chain that was never trimmed is as old as the oldest run or incident. */
function goneFault(first: AuditRecord | undefined, oldestMs: number): Fault | undefined {
  if (first === undefined) {
    const text = 'There are runs or incidents, but no entry about any of them: the whole chain was deleted.';
    return { kind: 'truncated', sequence: 1, text };
  }
  const { atMs } = entryOf(first);
  if (first.sequence > 1 || atMs - oldestMs < OLDER_AT_LEAST_MS) {
    return undefined;
  }
  const text = `The first entry is of ${utcMoment(atMs)}, but there are runs or incidents since ${utcMoment(oldestMs)}: the chain before it was deleted.`;
  return { kind: 'truncated', sequence: 1, text };
}

async function checkFiles(files: readonly string[], key: string | undefined): Promise<ChainVerdict> {
  const check = checkChain({ mayBegin: true, ...definite({ key }) });
  let next = 1;
  for await (const line of readMirror(files)) {
    if (line.kind === 'unfinished') {
      continue;
    }
    if (line.kind === 'spoiled') {
      const text = `Line ${line.line} of ${line.path} was edited: it is not what the bot wrote.`;
      return { ...check.end(), fault: { kind: 'edited', sequence: next, text } };
    }
    if (check.take(line.record) !== undefined) {
      break;
    }
    next = line.record.sequence + 1;
  }
  return check.end();
}

/** Two sound copies: they must be the same one. */
function compared(redis: ChainVerdict, file: ChainVerdict): Verified['fault'] {
  const differing = [...file.hashes].find(
    ([sequence, hash]) => (redis.hashes.get(sequence) ?? hash) !== hash,
  );
  if (differing !== undefined) {
    const [sequence] = differing;
    const text = `Entry ${sequence} differs between Redis and the mirror: one of the two was rewritten.`;
    return { where: 'redis', kind: 'differs', sequence, text };
  }
  const [end, copied] = [redis.last ?? 0, file.last ?? 0];
  if (copied <= end) {
    return undefined;
  }
  const text = `Redis ends with entry ${end}; the mirror goes on to ${copied}.`;
  return { where: 'redis', kind: 'truncated', sequence: end + 1, text };
}

/** Redis remembers how far this very file had come. An empty one was rotated: then nothing can be said. */
function shortened(
  file: ChainVerdict,
  files: readonly string[],
  mirrored: Mirrored | undefined,
): Fault | undefined {
  const newest = files.at(-1);
  if (mirrored === undefined || newest === undefined || mirrored.file !== mirrorName(newest)) {
    return undefined;
  }
  if (file.last === undefined || file.last >= mirrored.sequence) {
    return undefined;
  }
  const text = `The mirror ends with entry ${file.last}; it had reached entry ${mirrored.sequence}.`;
  return { kind: 'truncated', sequence: file.last + 1, text };
}

function notesOf(
  redis: ChainVerdict | undefined,
  file: ChainVerdict | undefined,
  files: readonly string[],
  key: string | undefined,
): readonly string[] {
  const best = redis ?? file;
  const behind = (redis?.last ?? 0) - (file?.last ?? 0);
  return [
    ...(redis?.trimmedTo === undefined
      ? []
      : [`Entries 1 to ${redis.trimmedTo} were trimmed; the check begins after them.`]),
    ...(file?.trimmedTo === undefined
      ? []
      : [
          `${files[0] ?? 'The mirror'} begins with entry ${file.trimmedTo + 1}; older ones are in rotated files.`,
        ]),
    ...(file !== undefined && redis !== undefined && behind > 0
      ? [`The mirror is ${counted(behind, 'entry', 'entries')} behind.`]
      : []),
    ...(file !== undefined && file.entries === 0 ? ['The mirror is empty.'] : []),
    ...(file === undefined
      ? [
          'There is no mirror to compare with: if somebody cut off the end of the chain and hid the cut, it would not be detected.',
        ]
      : []),
    ...(key === undefined
      ? [
          'No key is configured: whoever can write to every copy could rewrite the whole chain without being detected.',
        ]
      : [best?.sealedTo === undefined ? 'No entry is sealed yet.' : `Sealed up to entry ${best.sealedTo}.`]),
    ...(best !== undefined && best.otherSeals > 0
      ? [`Made with another key, and not checked: ${counted(best.otherSeals, 'seal')}.`]
      : []),
  ];
}
