import { describe, expect, test } from 'vitest';
import { channelLeak } from '../../../../src/runbooks/book/channels/channel-leak.ts';
import type { Answer, Look } from '../../../../src/runbooks/look.ts';
import type { Observation } from '../../../../src/runbooks/snapshot/observation.ts';
import type { ConnectionSeen } from '../../../../src/runbooks/snapshot/snapshot.ts';
import {
  answers,
  type Change,
  cardText,
  connection,
  contextOf,
  decided,
  HOUR,
  NOW,
  seen,
  stepOf,
  track,
} from '../../observation.ts';

const name = '10.3.0.35:32803 -> 10.3.0.44:5672';
const leaky = connection(name, {
  channels: 1_011,
  clientName: 'nova-compute:4242:0f0e1d2c',
  peerHost: '10.3.0.35',
});
const found = (change: Change = {}): Observation => seen({ connections: [leaky], ...change });
const look: Look = { look: 'connection', name };
const channels = (count: number, consumers = 0) =>
  Array.from({ length: count }, (_, index) => ({
    name: `${name} (${index})`,
    consumers: index === 0 ? 1 : consumers,
    idleSinceMs: NOW - HOUR,
  }));
const walked = (count: number, row: ConnectionSeen = leaky): Answer => ({
  kind: 'connection',
  connection: row,
  channels: channels(count),
  queues: [{ vhost: '/', name: 'compute.cmp7' }],
});
const gone: Answer = { kind: 'gone' };

test('the card says whose connection holds how many channels', () => {
  expect(cardText(channelLeak, found())).toBe(
    [
      'critical: nova-compute:4242 on 10.3.0.35 holds 1,011 channels on one connection',
      'Channels: 1,011 of 2,047',
      'Client: nova-compute:4242:0f0e1d2c',
      'Connects from: 10.3.0.35',
      `Connection: ${name}`,
    ].join('\n'),
  );
});

describe('a leak is seen', () => {
  const growing = track([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
  const at = (row: Partial<ConnectionSeen>, counts = growing) =>
    channelLeak.detect(
      seen({
        connections: [{ ...leaky, ...row }],
        history: { connections: { [name]: { channels: counts } } },
      }),
    );

  test('by its level', () => {
    expect([100, 499, 500].map((count) => at({ channels: count }, [])[0]?.severity)).toEqual([
      'warning',
      'warning',
      'critical',
    ]);
  });

  test('by its level, which is left only clearly below it', () => {
    const severity = (channels: number, kept: readonly number[]) =>
      at({ channels }, track(kept))[0]?.severity;
    expect([severity(499, [498, 499]), severity(499, [501, 499]), severity(399, [501, 399])]).toEqual([
      'warning',
      'critical',
      'warning',
    ]);
  });

  test('by half of what the client may open', () => {
    expect(at({ channels: 32, channelMax: 64 }, [])).toMatchObject([{ facts: { why: 'channel-max' } }]);
  });

  test('by steady growth, whatever the level', () => {
    expect(at({ channels: 31 })).toMatchObject([{ severity: 'warning', facts: { why: 'growth' } }]);
    const now = seen({
      connections: [{ ...leaky, channels: 31 }],
      history: { connections: { [name]: { channels: growing } } },
    });
    expect(cardText(channelLeak, now)).toContain(
      'warning: nova-compute:4242 on 10.3.0.35 keeps opening channels: 31 channels on one connection\nChannels: 31 of 2,047, growing 4.0/min over the last 2 min',
    );
  });

  const { channels: _, ...uncounted } = leaky;
  test.each<[string, ReturnType<typeof at>]>([
    ['a pool that is high but flat', at({ channels: 40 }, track(Array<number>(20).fill(40)))],
    [
      'a reconnect storm that has settled',
      at({ channels: 31 }, track([1, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31])),
    ],
    ['growth that falls now and then', at({ channels: 31 }, track([20, 22, 21, 24, 26, 25, 28, 30, 29, 31]))],
    ['too few samples', at({ channels: 31 }, growing.slice(-5))],
    ['a client that has just connected', at({ channels: 31, connectedAtMs: NOW - 100_000 })],
    ['a limit that was not negotiated', at({ channels: 31, channelMax: 0 }, [])],
    ['channels that were not counted', channelLeak.detect(seen({ connections: [uncounted] }))],
  ])('not in %s', (_, findings) => {
    expect(findings).toEqual([]);
  });
});

test('the walk leads from the connection to the component', () => {
  const context = contextOf(channelLeak, found(), { answered: answers([look, walked(1_011)]) });
  expect(stepOf(channelLeak, 'inspect', 'walk').show(context).lines).toEqual([
    `Connection ${name} on rabbit@server-44, open for 26 h`,
    '1,011 channels, 1,010 of them without a consumer, idle for up to 1 h',
    'It consumes compute.cmp7',
    'It belongs to nova-compute on 10.3.0.35',
  ]);
});

describe('the approver chooses', () => {
  test('to restart the component, or to close the connection', () => {
    const context = contextOf(channelLeak, found(), { answered: answers([look, walked(1_011)]) });
    expect(channelLeak.choices?.(context)?.map(({ label }) => label)).toEqual([
      'Restart nova-compute on 10.3.0.35',
      'Close the connection',
    ]);
    const call = (choice: string) =>
      ['restart', 'close'].map((id) => stepOf(channelLeak, 'act', id).call({ ...context, choice }));
    expect([call('restart'), call('close')]).toEqual([
      [
        { action: 'service.restart', args: { host: '10.3.0.35', service: 'nova-compute', pid: 4242 } },
        undefined,
      ],
      [undefined, { action: 'connection.close', args: { name } }],
    ]);
  });

  test('only to close it when nobody knows the component', () => {
    const stranger = seen({ connections: [{ ...leaky, clientName: 'telegraf:1:x' }] });
    const answer = walked(1_011);
    const readsNothing = { ...answer, queues: [] } as Answer;
    const choices = channelLeak.choices?.(
      contextOf(channelLeak, stranger, { answered: answers([look, readsNothing]) }),
    );
    expect(choices?.map(({ id }) => id)).toEqual(['close']);
  });

  test('the component by the queues it reads, when its name says nothing', () => {
    const { clientName: _, ...nameless } = leaky;
    const now = seen({ connections: [nameless] });
    const context = contextOf(channelLeak, now, {
      answered: answers([look, walked(1_011, nameless)]),
      choice: 'restart',
    });
    expect(stepOf(channelLeak, 'act', 'restart').call(context)).toEqual({
      action: 'service.restart',
      args: { host: '10.3.0.35', service: 'nova-compute' },
    });
  });
});

test('it acts only while the connection is there and too large', () => {
  const at = (answer: Answer) =>
    decided(
      channelLeak,
      'still-leaking',
      contextOf(channelLeak, found(), { answered: answers([look, answer]) }),
    );
  expect([
    at(walked(1_011)),
    at(walked(12, { ...leaky, channels: 12 })),
    at(gone),
    at({ kind: 'unseen', because: 'timeout' }),
  ]).toEqual([
    'go: nova-compute:4242 holds 1,011 channels.',
    'stop: It holds only 12 channels now; nothing is left to do.',
    'stop: The connection is gone; nothing is left to do.',
    'stop: I could not query the connection: timeout',
  ]);
});

test('what is lost are the calls that are cut off, by whichever way', () => {
  const context = contextOf(channelLeak, found(), { answered: answers([look, walked(1_011)]) });
  expect(['restart', 'close'].map((choice) => channelLeak.lost({ ...context, choice }))).toEqual([
    ['RPC calls in progress at nova-compute are interrupted'],
    ['RPC calls on this connection of nova-compute:4242 are interrupted'],
  ]);
});

describe('whether the leak is over is told by:', () => {
  const successor = (count: number) =>
    connection('10.3.0.35:40000 -> 10.3.0.44:5672', { ...leaky, name: 'new', channels: count });
  const holds = (answer: Answer, now: Observation) =>
    stepOf(channelLeak, 'verify', 'gone').holds(
      contextOf(channelLeak, now, { found: found(), answered: answers([look, answer]) }),
    );

  test('a connection that is gone, with successors that stay small', () => {
    expect(holds(gone, seen({ connections: [successor(3)] }))).toEqual({
      go: true,
      because: 'the connection is gone; nova-compute has 1 connection with at most 3 channels each',
    });
  });

  test.each<[string, Answer, Observation]>([
    ['the connection is still there', walked(1_011), found()],
    ['its successor leaks again', gone, seen({ connections: [successor(100)] })],
    ['it cannot be read', { kind: 'unseen', because: 'timeout' }, seen()],
    [
      'the connections could not be listed',
      gone,
      seen({ connections: { rows: [], missing: [{ node: 'x', why: 'slow' }] } }),
    ],
  ])('not there when %s', (_, answer, now) => {
    expect(holds(answer, now).go).toBe(false);
  });
});
