import { chainScript } from './chain-script.ts';
import { defineScript } from './define-script.ts';

/*
 * What both kinds of transition end with: the thread's lines, and the mark that the incident's message is behind. `cjson` never
 * touches the values, so that they come back as they went in. The audit is recorded before anything else is written: a script that
 * breaks off undoes nothing, and there must be no change that nobody can explain.
 */
const tellFunction = `
  local function tell(timeline, pendingUpdates, mark, incident, lines)
    for _, line in ipairs(lines) do redis.call('RPUSH', timeline, line) end
    if incident ~= '' then redis.call('ZADD', pendingUpdates, redis.call('INCR', mark), incident) end
  end
`;

/** Appends to the audit. */
export const recordEntries = defineScript({
  name: 'recordEntries',
  keys: ['audit'],
  args: ['entries'],
  library: chainScript,
  body: `
  record(audit, entries)
  return 'stored'`,
});

/** Appends to the audit and drops what is older. */
export const trimChain = defineScript({
  name: 'trimChain',
  keys: ['audit'],
  args: ['entries', 'firstKeptId'],
  library: chainScript,
  body: `
  record(audit, entries)
  redis.call('XTRIM', audit, 'MINID', '=', firstKeptId)
  return 'stored'`,
});

/**
 * Compare-and-set of an incident. `state` is `open` or `resolved`, `loudness` is `loud` or `quiet`; the lines of the thread come
 * behind. A trouble has one open incident: another one under its key is a conflict.
 */
export const putIncident = defineScript({
  name: 'putIncident',
  keys: ['item', 'recent', 'open', 'timeline', 'audit', 'pendingUpdates', 'mark'],
  args: [
    ...['expectedVersion', 'newVersion', 'json', 'id', 'score', 'state', 'incidentKey', 'entries'],
    ...['keepSeconds', 'loudness'],
  ] as const,
  library: chainScript + tellFunction,
  body: `
  local version = redis.call('HGET', item, 'version') or '0'
  if version ~= expectedVersion then return 'conflict' end
  local holder = redis.call('HGET', open, incidentKey)
  if state == 'open' and holder and holder ~= id then return 'conflict' end
  record(audit, entries)
  if state == 'open' then
    redis.call('HSET', open, incidentKey, id)
  elseif holder == id then
    redis.call('HDEL', open, incidentKey)
  end
  redis.call('HSET', item, 'version', newVersion, 'json', json)
  redis.call('ZADD', recent, score, id)
  redis.call('ZREMRANGEBYSCORE', recent, '-inf', score - keepSeconds * 1000)
  tell(timeline, pendingUpdates, mark, loudness == 'loud' and id or '', moreArgs)
  if state ~= 'open' then
    redis.call('EXPIRE', item, keepSeconds)
    redis.call('EXPIRE', timeline, keepSeconds)
  end
  return 'stored'`,
});

/**
 * Compare-and-set of a run. `state` is `active` or `ended`; the lines of the thread come behind, and behind the keys the tokens of
 * the leases that the guard names.
 *
 * The guard, checked in the same step as the write: `tokens` must still be the newest grants (a runner that slept
 * through its lease writes nothing), `unlessHalted` names the cluster whose halt forbids it. `failureWindow` counts a failure
 * of `cluster` and, at the limit, halts it.
 */
export const putRun = defineScript({
  name: 'putRun',
  keys: [
    ...['item', 'recent', 'active', 'timeline', 'audit', 'pendingUpdates', 'mark', 'halts'],
    ...['failures', 'turned'],
  ] as const,
  args: [
    ...['expectedVersion', 'newVersion', 'json', 'id', 'score', 'state', 'incident', 'entries'],
    ...['keepSeconds', 'guardJson'],
  ] as const,
  library: chainScript + tellFunction,
  body: `
  local version = redis.call('HGET', item, 'version') or '0'
  if version ~= expectedVersion then return 'conflict' end
  local guard = cjson.decode(guardJson)
  for index, token in ipairs(guard.tokens) do
    if redis.call('GET', moreKeys[index]) ~= token then return 'fenced' end
  end
  if guard.unlessHalted then
    for _, by in pairs(redis.call('HMGET', halts, '*', guard.unlessHalted)) do
      if by then return 'halted' end
    end
  end
  record(audit, entries)
  local lines = moreArgs
  local answer = 'stored'
  local failure = guard.failureWindow
  if failure then
    redis.call('ZADD', failures, failure.atMs, id)
    redis.call('ZREMRANGEBYSCORE', failures, '-inf', failure.atMs - failure.withinMs)
    redis.call('PEXPIRE', failures, failure.withinMs)
    if redis.call('ZCARD', failures) >= failure.limit
      and redis.call('HSETNX', halts, failure.cluster, failure.halt) == 1 then
      lines[#lines + 1] = failure.line
      redis.call('PUBLISH', turned, failure.cluster)
      answer = 'tripped'
    end
  end
  redis.call('HSET', item, 'version', newVersion, 'json', json)
  redis.call('ZADD', recent, score, id)
  redis.call('ZREMRANGEBYSCORE', recent, '-inf', score - keepSeconds * 1000)
  if state == 'active' then
    redis.call('SADD', active, id)
  else
    redis.call('SREM', active, id)
    redis.call('EXPIRE', item, keepSeconds)
  end
  tell(timeline, pendingUpdates, mark, incident, lines)
  return answer`,
});

/** Adds lines to a thread; they come behind. */
export const addLines = defineScript({
  name: 'addLines',
  keys: ['timeline', 'pendingUpdates', 'mark'],
  args: ['incident'],
  library: tellFunction,
  body: `
  tell(timeline, pendingUpdates, mark, incident, moreArgs)
  return 'stored'`,
});

/**
 * Removes an incident from the pending updates, unless it has changed since `seenMark`; in either case it has just been posted.
 */
export const settleTold = defineScript({
  name: 'settleTold',
  keys: ['pendingUpdates', 'behindSince'],
  args: ['incident', 'seenMark'],
  body: `
  redis.call('HDEL', behindSince, incident)
  if redis.call('ZSCORE', pendingUpdates, incident) == seenMark then
    redis.call('ZREM', pendingUpdates, incident)
  end
  return 'stored'`,
});

/**
 * Keeps the memory of whoever has the newest grant. Never by the time of the sweep: one clock that was ahead would shut out
 * every later sweep.
 */
export const putMemory = defineScript({
  name: 'putMemory',
  keys: ['memory', 'newestToken'],
  args: ['token', 'sweptAtMs', 'json'],
  body: `
  if redis.call('GET', newestToken) ~= token then return 'conflict' end
  redis.call('HSET', memory, 'sweptAtMs', sweptAtMs, 'json', json)
  return 'stored'`,
});

/**
 * Grants a lease with a token that rises, and keeps the newest token of the name for a day: a write is compared with it.
 * Answers 0 when it is taken.
 */
export const takeLease = defineScript({
  name: 'takeLease',
  keys: ['lease', 'fence', 'newestToken'],
  args: ['holder', 'forMs'],
  body: `
  local current = redis.call('GET', lease)
  if current and current ~= holder then return 0 end
  redis.call('SET', lease, holder, 'PX', forMs)
  local token = redis.call('INCR', fence)
  redis.call('SET', newestToken, token, 'EX', 86400)
  return token`,
});

/** Renews a lease; answers 0 when somebody else has it. */
export const renewLease = defineScript({
  name: 'renewLease',
  keys: ['lease'],
  args: ['holder', 'forMs'],
  body: `
  if redis.call('GET', lease) ~= holder then return 0 end
  return redis.call('PEXPIRE', lease, forMs)`,
});

/** Gives a lease back; answers 0 when somebody else has it. */
export const releaseLease = defineScript({
  name: 'releaseLease',
  keys: ['lease'],
  args: ['holder'],
  body: `
  if redis.call('GET', lease) ~= holder then return 0 end
  return redis.call('DEL', lease)`,
});

/**
 * Counts one deletion within a sliding window, up to a limit (-1: none). The same member counts once, so that a repeated attempt is
 * the same deletion.
 */
export const reserveDeletion = defineScript({
  name: 'reserveDeletion',
  keys: ['deletions'],
  args: ['nowMs', 'windowMs', 'member', 'limit'],
  body: `
  redis.call('ZREMRANGEBYSCORE', deletions, '-inf', nowMs - windowMs)
  if redis.call('ZSCORE', deletions, member) then return 'reserved' end
  if tonumber(limit) >= 0 and redis.call('ZCARD', deletions) >= tonumber(limit) then return 'over' end
  redis.call('ZADD', deletions, nowMs, member)
  redis.call('PEXPIRE', deletions, windowMs)
  return 'reserved'`,
});
