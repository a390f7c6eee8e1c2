import { describe, expect, test } from 'vitest';
import { book, runbookOf } from '../../../src/runbooks/book/index.ts';
import {
  A,
  answering,
  B,
  C,
  connection,
  HOUR,
  hex,
  linkDownViews,
  NOW,
  queue,
  queueHistory,
  seen,
  silent,
  splitViews,
  withoutC,
} from '../observation.ts';
import { probed, samples } from '../probes.ts';

const ids = book.map(({ id }) => id);

test('every runbook has an id of its own, and is found by it', () => {
  expect(new Set(ids).size).toBe(book.length);
  expect(ids.map((id) => runbookOf(id)?.id)).toEqual(ids);
  expect(runbookOf('no-such')).toBeUndefined();
});

test('what a runbook mutes exists, and stands after it: no two mute each other', () => {
  for (const { id, mutes } of book) {
    for (const muted of mutes) {
      const isLater = ids.indexOf(muted) > ids.indexOf(id);
      expect([id, muted, isLater]).toEqual([id, muted, true]);
    }
  }
});

test('steps have ids of their own within a runbook', () => {
  for (const { id, steps } of book) {
    const names = steps.flatMap((step) =>
      step.kind === 'each' ? [step.id, ...step.steps.map((one) => one.id)] : [step.id],
    );
    expect([id, new Set(names).size]).toEqual([id, names.length]);
  }
});

const nasty = `*<!channel>*\u0000${'ü'.repeat(300)}`;
const long = 'x'.repeat(120);

describe('whatever the names are, a headline is short and a card has at most four lines', () => {
  const nodes = [A, B, C];
  const renamed = (name: string) => `${name}${long}`;
  const views = (given: typeof splitViews) =>
    JSON.parse(
      JSON.stringify(given).replace(/rabbit@server-4\d/g, (name) => renamed(name)),
    ) as typeof splitViews;
  test.each([
    ['partition', seen({ nodes: views(splitViews) })],
    ['link-down', seen({ nodes: views(linkDownViews) })],
    ['node-down', seen({ nodes: views(withoutC(silent(C))) })],
    ['paused-minority', seen({ nodes: views(withoutC(silent(C, 'refused', { vm: 'registered' }))) })],
    ['cannot-see', seen({ nodes: views([answering(A), answering(B), silent(C, 'tls')]) })],
    ['cannot-see', seen({ nodes: views(nodes.map((name) => silent(name))) })],
    ['silent-drop', seen({ nodes: views(nodes.map((name) => silent(name, 'timeout', { portOpen: true }))) })],
    [
      'channel-leak',
      seen({ connections: [connection(nasty, { channels: 600, clientName: nasty, peerHost: long })] }),
    ],
    ['backlog', seen({ queues: [queue(nasty, { ready: 9_000 })] })],
    ['backlog', seen({ queues: [queue(`${long}.info`, { ready: 9_000, consumers: 0 })] })],
    [
      'zombie-queue',
      seen({
        queues: [queue(`${long}_fanout_${hex('1')}`, { ready: 9_000, consumers: 0 })],
        history: { queues: queueHistory(`${long}_fanout_${hex('1')}`, { consumerlessSinceMs: NOW - HOUR }) },
      }),
    ],
    [
      'orphan-reply',
      seen({
        queues: [queue(`reply_${long}:x:1`, { ready: 9_000, consumers: 0 })],
        history: { queues: queueHistory(`reply_${long}:x:1`, { consumerlessSinceMs: NOW - HOUR }) },
      }),
    ],
    [
      'deaf-service',
      seen({ queues: [queue(nasty)], probes: probed({ [nasty]: { samples: samples('deaf', 9) } }) }),
    ],
    [
      'unbound-service',
      seen({
        queues: [queue(`${long}.${long}`)],
        probes: probed({
          [`${long}.${long}`]: { samples: samples('absent', 2, () => ({ bindings: 'none' })) },
        }),
      }),
    ],
  ])('%s', (id, now) => {
    const runbook = runbookOf(id);
    const [found] = runbook?.detect(now) ?? [];
    const facts = runbook?.facts.parse(JSON.parse(JSON.stringify(found?.facts)));
    const headline = runbook?.headline(facts) ?? '';
    expect(headline.length).toBeGreaterThan(0);
    expect(headline.length).toBeLessThan(100);
    expect(runbook?.card(facts).length).toBeLessThanOrEqual(4);
  });
});
