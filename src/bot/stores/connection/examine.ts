import type { Redis } from 'ioredis';
import { span } from '../../wording/words.ts';

/** One thing about Redis that is not as the bot needs it, and what is at stake. */
export interface RedisTrouble {
  /** `bad`: the bot must not be trusted with it. `warning`: it works, and something may be lost. */
  readonly state: 'bad' | 'warning';
  readonly text: string;
}

export interface RedisReport {
  readonly version: string;
  readonly troubles: readonly RedisTrouble[];
}

/** BullMQ's schedules and our ranges by score need it. */
const OLDEST = { major: 6, minor: 2 } as const;
/** Leases last seconds: clocks that differ by more than this make ages and expiries untrue. */
const SKEW_MS = 2_000;

/** Checks of the Redis settings that the bot relies on. `copies`: how many replicas must have what people decide. */
export async function examineRedis(
  redis: Redis,
  { copies, now }: { readonly copies: number; readonly now: () => number },
): Promise<RedisReport> {
  const info = await redis.info();
  const read = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const version = read('redis_version') ?? 'unknown';
  return {
    version,
    troubles: [
      ...ofVersion(version),
      ...ofMemory(read('maxmemory_policy'), read('maxmemory')),
      ...ofDisk(read('aof_enabled'), read('aof_last_write_status'), read('rdb_last_bgsave_status')),
      ...ofReplicas(read('role'), Number(read('connected_slaves') ?? 0), copies),
      ...(await ofClock(redis, now)),
    ],
  };
}

function ofVersion(version: string): readonly RedisTrouble[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  return isOld
    ? [{ state: 'bad', text: `version ${version}; at least ${OLDEST.major}.${OLDEST.minor} is needed` }]
    : [];
}

function ofMemory(policy: string | undefined, limit: string | undefined): readonly RedisTrouble[] {
  if (policy === undefined || policy === 'noeviction') {
    return [];
  }
  // Without a limit nothing is dropped today; with the next limit it is.
  const when = limit === '0' ? 'once a memory limit is set' : 'when its memory is full';
  return [
    {
      state: 'bad',
      text: `maxmemory-policy is ${policy}: ${when}, Redis drops runs, approvals and jobs without an error; set noeviction`,
    },
  ];
}

function* ofDisk(
  appendOnly: string | undefined,
  lastWrite: string | undefined,
  lastSave: string | undefined,
): Iterable<RedisTrouble> {
  if (appendOnly === '0') {
    yield {
      state: 'warning',
      text: 'appendonly is no: a crash of Redis loses the last minutes, including approvals and the ledger of what was done; set appendonly yes',
    };
  }
  if (appendOnly === '1' && lastWrite !== undefined && lastWrite !== 'ok') {
    yield { state: 'bad', text: 'the last write to the append-only file failed: is the disk full?' };
  }
  if (lastSave !== undefined && lastSave !== 'ok') {
    yield {
      state: 'bad',
      text: 'the last background save failed, so Redis may refuse every change: is the disk full?',
    };
  }
}

function* ofReplicas(role: string | undefined, connected: number, copies: number): Iterable<RedisTrouble> {
  if (role === 'slave') {
    yield {
      state: 'bad',
      text: 'this is a replica: the bot cannot write to it; give the address of the master',
    };
  } else if (connected < copies) {
    yield {
      state: 'bad',
      text: `${connected} of ${copies} wanted replicas are connected: no vote is accepted and no step is taken until they are`,
    };
  }
}

async function ofClock(redis: Redis, now: () => number): Promise<readonly RedisTrouble[]> {
  const beforeMs = now();
  const [seconds, micros] = await redis.time();
  const afterMs = now();
  const redisMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
  const aheadMs = Math.round(redisMs - (beforeMs + afterMs) / 2);
  if (Math.abs(aheadMs) - (afterMs - beforeMs) / 2 <= SKEW_MS) {
    return [];
  }
  const how = `${span(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`;
  return [
    {
      state: 'warning',
      text: `its clock is ${how}: plans expire, and times are shown, by one clock or the other; run NTP on both`,
    },
  ];
}
