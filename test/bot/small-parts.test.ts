import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sweepDeadlineMs } from '../../src/bot/cluster/clusters.ts';
import { nearest } from '../../src/bot/config/file/nearest.ts';
import { parseDuration } from '../../src/bot/config/schema/duration.ts';
import { hostsOf } from '../../src/bot/config/shape.ts';
import { failureWindowOf } from '../../src/bot/jobs/circuit-breaker.ts';
import { notifyBackoffMs } from '../../src/bot/jobs/notify.ts';
import { rebase } from '../../src/bot/record/incident-record.ts';
import { deliveryKey, type SlackDelivery } from '../../src/bot/slack/requests/delivery.ts';
import { acquireLease } from '../../src/bot/stores/lease.ts';
import { advance, type Item, type Run } from '../../src/runbooks/index.ts';
import { incident, lamp, looked, started, tools } from '../runbooks/engine/toy.ts';

test.each([
  ['250ms', 250],
  ['15s', 15_000],
  ['1.5h', 5_400_000],
  ['2 d', 172_800_000],
  ['15', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['1y', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['managment', 'management'],
  ['CHANEL', 'channel'],
  ['zebra', undefined],
])('%s was meant as %s', (word, meant) => {
  expect(nearest(word, ['management', 'channel', 'host'])).toBe(meant);
});

test.each([
  ['rabbit://u:p@one:5672,u:p@two/vhost', ['one:5672', 'two']],
  ['rabbit://u:p%40@[::1]:5672/?ssl=1', ['[::1]:5672']],
  ['rabbit://', []],
])('%s names its hosts, and no password', (url, hosts) => {
  expect(hostsOf(url)).toEqual(hosts);
});

test.each([
  [1_000, 5_000],
  [10_000, 8_000],
  [60_000, 10_000],
])('an interval of %i ms gives a sweep %i ms', (intervalMs, deadlineMs) => {
  expect(sweepDeadlineMs(intervalMs)).toBe(deadlineMs);
});

describe('telling an incident again', () => {
  test('waits longer each time, and never long', () => {
    expect([1, 2, 3, 6, 99].map((attempt) => notifyBackoffMs(attempt))).toEqual([
      1_000, 2_000, 4_000, 30_000, 30_000,
    ]);
  });

  test('waits as long as Slack says', () => {
    expect(notifyBackoffMs(1, Object.assign(new Error('slow down'), { retryAfterMs: 61_000 }))).toBe(61_000);
  });
});

describe('laying a sweep over what a person did', () => {
  test('keeps the person’s part and takes the sweep’s', () => {
    const theirs = { ...incident, owner: 'U0ALICE', acknowledgedAtMs: 5, run: 'RUN-1', version: 7 };
    const seen = { ...incident, severity: 'critical', cleanSweeps: 2, version: 4 } as const;
    expect(rebase(theirs, seen)).toEqual({ ...theirs, severity: 'critical', cleanSweeps: 2 });
  });

  test('leaves a resolved incident alone', () => {
    expect(rebase({ ...incident, state: 'resolved' }, incident)).toBeUndefined();
  });
});

describe('the circuit breaker counts', () => {
  const before: Run = { ...advance(lamp, started(), looked(1), tools), state: 'acting' };
  /** What became of: the lamp, its check, the fuse, the letter, and the last check. */
  const ended = (state: Run['state'], ...states: readonly Item['state'][]): Run => ({
    ...before,
    state,
    items: states.map((one) => ({ state: one })),
  });

  test.each<readonly [string, Run, number | undefined]>([
    ['not a run that is done', ended('done', 'applied'), undefined],
    ['not one that was stopped before it did anything', ended('stopped', 'refused'), undefined],
    ['not one that stands as it stood', ended('acting', 'applied', 'watching'), undefined],
    ['one that failed as one of three', ended('failed', 'failed', 'waiting'), 3],
    ['one of which nobody can tell as one of three', ended('unknown', 'unknown', 'waiting'), 3],
    ['an action that failed as one of three', ended('failed', 'applied', 'failed', 'failed'), 3],
    [
      'a last check that failed as enough',
      ended('failed', 'applied', 'held', 'skipped', 'applied', 'failed'),
      1,
    ],
    [
      'a last check after something was refused as one of three',
      ended('failed', 'applied', 'held', 'refused', 'applied', 'failed'),
      3,
    ],
    [
      'a last check after nothing was done as one of three',
      ended('failed', 'skipped', 'held', 'skipped', 'skipped', 'failed'),
      3,
    ],
  ])('%s', (_, after, limit) => {
    expect(failureWindowOf(before, after, 60)?.limit).toBe(limit);
    expect(failureWindowOf(after, after, 60)).toBeUndefined();
  });
});

describe('a lease in hand', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const held = (renew: () => Promise<boolean>) =>
    acquireLease({ take: async () => ({ token: 7 }), renew, release: async () => {} }, 'run:x', 'me', 3_000);

  test('is renewed, and held for as long as that works', async () => {
    const lease = await held(async () => true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lease?.isHeld()).toBe(true);
    expect(lease?.fence).toEqual({ lease: 'run:x', token: 7 });
    await lease?.release();
  });

  test('is lost as soon as it is known to be somebody else’s', async () => {
    const lease = await held(async () => false);
    await vi.advanceTimersByTimeAsync(999);
    expect(lease?.isHeld()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(lease?.isHeld()).toBe(false);
    await lease?.release();
  });

  test('is lost when its time is over and nobody could be asked', async () => {
    const lease = await held(() => Promise.reject(new Error('Redis is away')));
    await vi.advanceTimersByTimeAsync(2_999);
    expect(lease?.isHeld()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(lease?.isHeld()).toBe(false);
    await lease?.release();
  });

  test('is not had when somebody else has it', async () => {
    expect(
      await acquireLease(
        { take: async () => undefined, renew: async () => true, release: async () => {} },
        'run:x',
        'me',
        3_000,
      ),
    ).toBeUndefined();
  });
});

describe('a delivery', () => {
  const click = { kind: 'click', actionTs: '1', actionId: 'a', user: 'U1' } as const;
  const view = { kind: 'view', viewId: 'V1', hash: 'h1', user: 'U1' } as const;
  test.each<readonly [string, SlackDelivery, SlackDelivery]>([
    ['at another time', click, { ...click, actionTs: '2' }],
    ['of another button', click, { ...click, actionId: 'b' }],
    ['of another person', click, { ...click, user: 'U2' }],
    ['of another window', view, { ...view, viewId: 'V2' }],
    ['of a window whose content was changed', view, { ...view, hash: 'h2' }],
    ['of a window of another person', view, { ...view, user: 'U2' }],
    ['of another command', { kind: 'command', triggerId: '1' }, { kind: 'command', triggerId: '2' }],
    ['of another event', { kind: 'event', eventId: '1' }, { kind: 'event', eventId: '2' }],
    [
      'of an event, and not of a command',
      { kind: 'command', triggerId: '1' },
      { kind: 'event', eventId: '1' },
    ],
  ])('%s is another one', (_, one, other) => {
    expect(deliveryKey(other)).not.toBe(deliveryKey(one));
    expect(deliveryKey({ ...one })).toBe(deliveryKey(one));
  });
});
