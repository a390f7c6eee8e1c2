import type { Redis } from 'ioredis';
import { chainScript } from './chain-script.ts';

/** The text of a Lua script: it runs in Redis as one step that nobody can come between. */
type Script = string;

/** Runs a script with its keys and arguments. */
export const runScript = (
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> => redis.eval(script, keys.length, ...keys, ...args);

/*
 * What both kinds of transition end with: the thread's lines, and the mark that the incident's message is behind. Used below as
 * text; `cjson` never touches the values, so that they come back as they went in. The audit is recorded before anything else is
 * written: a script that breaks off undoes nothing, and there must be no change that nobody can explain.
 */
const tail = `
  local function tell(timeline, untold, markKey, incident, lines)
    for _, line in ipairs(lines) do redis.call('RPUSH', timeline, line) end
    if incident ~= '' then redis.call('ZADD', untold, redis.call('INCR', markKey), incident) end
  end
  local function rest(from)
    local lines = {}
    for index = from, #ARGV do lines[#lines + 1] = ARGV[index] end
    return lines
  end
`;

/** Appends to the audit. KEYS audit. ARGV entries. */
export const recordEntries: Script = `${chainScript}
  record(KEYS[1], ARGV[1])
  return 'stored'`;

/** Appends to the audit and drops what is older. KEYS audit. ARGV entries, first id that is kept. */
export const trimChain: Script = `${chainScript}
  record(KEYS[1], ARGV[1])
  redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[2])
  return 'stored'`;

/**
 * Compare-and-set of an incident.
 * KEYS item, recent, open, timeline, audit, untold, mark.
 * ARGV expected version, new version, json, id, score, 'open' | 'resolved', incident key, audit entries, keep seconds,
 * 'loud' | 'quiet', lines….
 */
export const putIncident: Script = `${chainScript}${tail}
  local version = redis.call('HGET', KEYS[1], 'version') or '0'
  if version ~= ARGV[1] then return 'conflict' end
  local holder = redis.call('HGET', KEYS[3], ARGV[7])
  if ARGV[6] == 'open' and holder and holder ~= ARGV[4] then return 'conflict' end
  record(KEYS[5], ARGV[8])
  if ARGV[6] == 'open' then
    redis.call('HSET', KEYS[3], ARGV[7], ARGV[4])
  elseif holder == ARGV[4] then
    redis.call('HDEL', KEYS[3], ARGV[7])
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'json', ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5] - ARGV[9] * 1000)
  tell(KEYS[4], KEYS[6], KEYS[7], ARGV[10] == 'loud' and ARGV[4] or '', rest(11))
  if ARGV[6] ~= 'open' then
    redis.call('EXPIRE', KEYS[1], ARGV[9])
    redis.call('EXPIRE', KEYS[4], ARGV[9])
  end
  return 'stored'`;

/**
 * Compare-and-set of a run.
 * KEYS item, recent, active, timeline, audit, untold, mark, halts, strain, turned, tokens….
 * ARGV expected version, new version, json, id, score, 'active' | 'ended', incident, audit entries, keep seconds,
 * guard json, lines….
 *
 * The guard, checked in the same step as the write: `tokens` must still be the newest grants (a runner that slept
 * through its lease writes nothing), `unlessHalted` names the cluster whose halt forbids it. `failureWindow` counts a failure
 * of `cluster` and, at the limit, halts it.
 */
export const putRun: Script = `${chainScript}${tail}
  local version = redis.call('HGET', KEYS[1], 'version') or '0'
  if version ~= ARGV[1] then return 'conflict' end
  local guard = cjson.decode(ARGV[10])
  for index, token in ipairs(guard.tokens) do
    if redis.call('GET', KEYS[10 + index]) ~= token then return 'fenced' end
  end
  if guard.unlessHalted then
    for _, by in pairs(redis.call('HMGET', KEYS[8], '*', guard.unlessHalted)) do
      if by then return 'halted' end
    end
  end
  record(KEYS[5], ARGV[8])
  local lines = rest(11)
  local answer = 'stored'
  if guard.failureWindow then
    redis.call('ZADD', KEYS[9], guard.failureWindow.atMs, ARGV[4])
    redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', guard.failureWindow.atMs - guard.failureWindow.withinMs)
    redis.call('PEXPIRE', KEYS[9], guard.failureWindow.withinMs)
    if redis.call('ZCARD', KEYS[9]) >= guard.failureWindow.limit
      and redis.call('HSETNX', KEYS[8], guard.failureWindow.cluster, guard.failureWindow.halt) == 1 then
      lines[#lines + 1] = guard.failureWindow.line
      redis.call('PUBLISH', KEYS[10], guard.failureWindow.cluster)
      answer = 'tripped'
    end
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'json', ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5] - ARGV[9] * 1000)
  if ARGV[6] == 'active' then
    redis.call('SADD', KEYS[3], ARGV[4])
  else
    redis.call('SREM', KEYS[3], ARGV[4])
    redis.call('EXPIRE', KEYS[1], ARGV[9])
  end
  tell(KEYS[4], KEYS[6], KEYS[7], ARGV[7], lines)
  return answer`;

/** Adds lines to a thread. KEYS timeline, untold, mark. ARGV incident, lines…. */
export const addLines: Script = `${tail}
  tell(KEYS[1], KEYS[2], KEYS[3], ARGV[1], rest(2))
  return 'stored'`;

/**
 * Removes an incident from the pending updates, unless it has changed since; in either case it has just been posted.
 * KEYS untold, untold since. ARGV incident, mark.
 */
export const settleTold: Script = `
  redis.call('HDEL', KEYS[2], ARGV[1])
  if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
  return 'stored'`;

/**
 * Keeps the memory of whoever has the newest grant. Never by the time of the sweep: one clock that was ahead would shut out
 * every later sweep. KEYS memory, token. ARGV token, swept at, json.
 */
export const putMemory: Script = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'conflict' end
  redis.call('HSET', KEYS[1], 'sweptAtMs', ARGV[2], 'json', ARGV[3])
  return 'stored'`;

/**
 * Grants a lease with a token that rises, and keeps the newest token of the name for a day: a write is compared with it.
 * KEYS lease, fence, token. ARGV holder, milliseconds. Answers 0 when it is taken.
 */
export const takeLease: Script = `
  local holder = redis.call('GET', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  local token = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[3], token, 'EX', 86400)
  return token`;

/** KEYS lease. ARGV holder, milliseconds. */
export const renewLease: Script = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** KEYS lease. ARGV holder. */
export const releaseLease: Script = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('DEL', KEYS[1])`;

/**
 * Counts one deletion within a sliding window. The same member counts once, so that a repeated attempt is the same deletion.
 * KEYS deletions. ARGV now, window, member, limit (-1: none).
 */
export const reserveDeletion: Script = `
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
  if redis.call('ZSCORE', KEYS[1], ARGV[3]) then return 'reserved' end
  if tonumber(ARGV[4]) >= 0 and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 'over' end
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'reserved'`;
