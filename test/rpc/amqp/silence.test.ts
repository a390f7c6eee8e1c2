import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cutWhenSilent } from '../../../src/rpc/amqp/silence.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A socket whose peer sends when the test says so. */
function fakeSocket(): Socket & { hear(): void } {
  let bytes = 0;
  const socket = new Socket();
  socket.on('error', () => {});
  Object.defineProperty(socket, 'bytesRead', { get: () => bytes });
  return Object.assign(socket, {
    hear() {
      bytes += 8;
    },
  });
}

test('a peer that says nothing is cut between one and two timeouts, and not before', () => {
  const socket = fakeSocket();
  cutWhenSilent(socket, 4);
  vi.advanceTimersByTime(5_900);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that says something now and then is not', () => {
  const socket = fakeSocket();
  const stop = cutWhenSilent(socket, 4);
  for (let beat = 0; beat < 10; beat += 1) {
    vi.advanceTimersByTime(4_000);
    socket.hear();
  }
  expect(socket.destroyed).toBe(false);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(socket.destroyed).toBe(false);
});

test('without a timeout nothing is watched', () => {
  cutWhenSilent(fakeSocket(), 0);
  expect(vi.getTimerCount()).toBe(0);
});
