import { randomUUID } from 'node:crypto';
import { definite, reasonOf } from '../../rpc/index.ts';
import type { BotConfig } from '../config/config.ts';
import type { BotContext } from '../context.ts';
import { entryOf } from '../record/entry-text.ts';
import { acquireLease, type Lease } from '../stores/lease.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { SEALED, sealEntry } from './seal.ts';
import { trimAudit } from './trim.ts';

/** State of the mirror on the health page; absent when there is none. */
export type MirrorReport =
  | { readonly kind: 'ok' | 'standby' }
  | { readonly kind: 'failing'; readonly problem: string };

export interface AuditKeeper {
  mirror(): MirrorReport | undefined;
  stop(): Promise<void>;
}

const LEASE_MS = 10_000;
const COPY_EVERY_MS = 1_000;
const IDLE_MS = 15_000;
const SEAL_EVERY_MS = 60_000;
const TRIM_EVERY_MS = 600_000;

type Needs = Pick<BotContext, 'stores' | 'clock' | 'log'> & { readonly config: Pick<BotConfig, 'audit'> };

/**
 * Looks after the audit while the bot runs: copies it to the mirror file, seals it, drops its oldest part. One replica at a time
 * does it. A failure here is logged and stops nothing.
 */
export function keepAudit(context: Needs): AuditKeeper {
  const { config, stores, clock, log } = context;
  const { file, key, keep } = config.audit;
  const stopping = new AbortController();
  const holder = randomUUID();
  const mirror = file === undefined ? undefined : mirrorOf(context, file);
  let lease: Lease | undefined;
  let report: MirrorReport | undefined = mirror && { kind: 'standby' };
  let sealedAtMs = Number.NEGATIVE_INFINITY;
  let trimmedAtMs = Number.NEGATIVE_INFINITY;
  let isFailing = false;

  const running = run();
  return {
    mirror: () => report,
    async stop() {
      stopping.abort();
      await running;
      await mirror?.close();
      await lease?.release();
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await round();
        isFailing = false;
      } catch (error) {
        // Once: while Redis is away this comes with every round.
        log[isFailing ? 'debug' : 'warn'](
          { err: error },
          'The audit could not be mirrored, sealed or trimmed',
        );
        isFailing = true;
      }
      await clock.sleep(mirror === undefined ? IDLE_MS : COPY_EVERY_MS, stopping.signal).catch(() => {});
    }
  }

  async function round(): Promise<void> {
    if (lease !== undefined && !lease.isHeld()) {
      const lost = lease;
      lease = undefined;
      await mirror?.close();
      await lost.release();
    }
    lease ??= await acquireLease(stores.leases, 'audit', holder, LEASE_MS);
    if (lease === undefined) {
      report = mirror && { kind: 'standby' };
      return;
    }
    await copy(lease);
    const nowMs = clock.now();
    if (key !== undefined && nowMs - sealedAtMs >= SEAL_EVERY_MS) {
      await seal(key, nowMs);
      sealedAtMs = nowMs;
    }
    if (nowMs - trimmedAtMs >= TRIM_EVERY_MS) {
      const { chain } = stores;
      const trimmed = await trimAudit({
        chain,
        keep,
        isMirrored: mirror !== undefined,
        atMs: nowMs,
        ...definite({ key }),
      });
      if (trimmed === 'waits-for-mirror') {
        log.warn('The audit is not trimmed: its oldest part is not in the mirror yet');
      }
      trimmedAtMs = nowMs;
    }
  }

  async function copy(lease: Lease): Promise<void> {
    if (mirror === undefined) {
      return;
    }
    try {
      await mirror.catchUp(() => lease.isHeld());
      if (report?.kind === 'failing') {
        log.info({ file }, 'The audit’s mirror is written again');
      }
      report = { kind: 'ok' };
    } catch (error) {
      const problem = reasonOf(error);
      if (report?.kind !== 'failing') {
        log.error({ err: error, file }, 'The audit’s mirror cannot be written');
      }
      report = { kind: 'failing', problem };
      // What stands in the file now is read again before anything is added to it.
      await mirror.close();
    }
  }

  async function seal(withKey: string, atMs: number): Promise<void> {
    const [tip] = await stores.chain.records(Math.max(1, await stores.chain.given()), 1);
    if (tip === undefined || entryOf(tip).event === SEALED) {
      return;
    }
    await stores.audit.append(sealEntry(withKey, tip, atMs));
  }
}

const mirrorOf = ({ stores, clock, log }: Needs, path: string): Mirror =>
  createMirror({
    path,
    chain: stores.chain,
    async onFork(text) {
      log.error({ file: path }, text);
      await stores.audit.append({ atMs: clock.now(), actor: 'watership', event: 'audit.forked', text });
    },
  });
