import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epmdNames, hostAndPort, namesIn } from '../../../src/runbooks/collect/epmd.ts';
import { knowing, openFakeEpmd } from './fake-epmd.ts';

const limits = { timeoutMs: 5_000 };

test('epmd is asked for its names in its own words', async () => {
  const requests: Buffer[] = [];
  await using epmd = await openFakeEpmd((request, socket) => {
    requests.push(request);
    knowing('rabbit44', 'rabbit45')(request, socket);
  });
  expect(await epmdNames(epmd.address, limits)).toEqual(['rabbit44', 'rabbit45']);
  expect(requests).toEqual([Buffer.from([0, 1, 0x6e])]);
});

test('an epmd without nodes knows no names, which is an answer', async () => {
  await using epmd = await openFakeEpmd(knowing());
  expect(await epmdNames(epmd.address, limits)).toEqual([]);
});

test('nobody there, silence and a closed connection are no answer', async () => {
  await using silent = await openFakeEpmd(() => undefined);
  expect(await epmdNames(silent.address, { timeoutMs: 30 })).toBeUndefined();
  await using closing = await openFakeEpmd((_, socket) => socket.end());
  expect(await epmdNames(closing.address, limits)).toBeUndefined();
  const gone = await openFakeEpmd(() => undefined);
  await gone[Symbol.asyncDispose]();
  expect(await epmdNames(gone.address, limits)).toBeUndefined();
});

test('a caller that gives up is not kept waiting', async () => {
  const controller = new AbortController();
  await using epmd = await openFakeEpmd(() => controller.abort());
  expect(await epmdNames(epmd.address, { timeoutMs: 60_000, signal: controller.signal })).toBeUndefined();
});

test('any bytes at all are read without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(namesIn(Buffer.from(bytes)) === undefined).toBe(bytes.length < 4);
    }),
  );
});

test.each([
  ['10.3.0.44:4369', { host: '10.3.0.44', port: 4369 }],
  ['server-44', { host: 'server-44', port: 4369 }],
  ['[fd00::1]:1234', { host: 'fd00::1', port: 1234 }],
  ['[fd00::1]', { host: 'fd00::1', port: 4369 }],
])('%s is the address of an epmd: %o', (address, expected) => {
  expect(hostAndPort(address)).toEqual(expected);
});
