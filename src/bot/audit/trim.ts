import type { AuditChain } from '../stores/stores.ts';
import { sealTrim } from './seal.ts';

/** Beyond what is kept: trimming a few entries at a time would fill the audit with its own trimming. */
const SLACK = 0.1;
/** What the mirror has not copied yet is spared until the chain is this many times as long: Redis must not fill up. */
const PATIENCE = 2;

/** Drops the oldest entries when there are more than `keep`. The chain says so itself, and where it begins now. */
export async function trimAudit(options: {
  readonly chain: AuditChain;
  readonly keep: number;
  readonly isMirrored: boolean;
  readonly atMs: number;
  /** Seals what the entry says. */
  readonly key?: string;
}): Promise<'trimmed' | 'short' | 'waits-for-mirror'> {
  const { chain, keep, isMirrored, atMs, key } = options;
  const size = await chain.size();
  if (size <= keep * (1 + SLACK)) {
    return 'short';
  }
  const [oldest] = await chain.records(1, 1);
  const wanted = (oldest?.sequence ?? 1) + size - keep;
  const copied = isMirrored && size < keep * PATIENCE ? ((await chain.mirrored())?.sequence ?? 0) : undefined;
  const [first] = await chain.records(copied === undefined ? wanted : Math.min(wanted, copied), 1);
  if (oldest === undefined || first === undefined || first.sequence <= oldest.sequence) {
    return 'waits-for-mirror';
  }
  const { sequence, before } = first;
  await chain.trim(sequence, {
    atMs,
    actor: 'watership',
    event: 'audit.trimmed',
    text: `Entries before ${sequence} were dropped; ${keep} are kept.`,
    trimmed: sealTrim(key, { firstKept: sequence, before }),
  });
  return 'trimmed';
}
