import { describe, expect, test } from 'vitest';
import { SlackBusy } from '../../../../src/bot/ports/slack-errors.ts';
import { createRateLimiter } from '../../../../src/bot/slack/send/rate-limiter.ts';
import { fakeClock } from '../../fakes/clock.ts';

const inC1 = { kind: 'post', channel: 'C1' } as const;

function createScene() {
  const clock = fakeClock();
  const begunAtMs = clock.now();
  const sent: string[] = [];
  const limiter = createRateLimiter(clock);
  const send = (what: string) => async () => {
    sent.push(`${clock.now() - begunAtMs} ${what}`);
  };
  return { clock, limiter, sent, send };
}

describe('the pace', () => {
  test('lets a short burst through, then one message a second', async () => {
    const { limiter, sent, send } = createScene();
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((what) => limiter.run(inC1, 'normal', send(what))));
    expect(sent).toEqual(['0 a', '0 b', '0 c', '1000 d', '2000 e']);
  });

  test('is one for each channel', async () => {
    const { limiter, sent, send } = createScene();
    await Promise.all(
      [1, 2, 3, 4].map((at) => limiter.run({ kind: 'post', channel: `C${at}` }, 'normal', send(`C${at}`))),
    );
    expect(sent).toEqual(['0 C1', '0 C2', '0 C3', '0 C4']);
  });

  test('lets decisions go before news, and news before progress', async () => {
    const { limiter, sent, send } = createScene();
    await Promise.all([
      ...['x', 'y', 'z'].map((what) => limiter.run(inC1, 'normal', send(what))),
      limiter.run(inC1, 'progress', send('progress')),
      limiter.run(inC1, 'normal', send('news')),
      limiter.run(inC1, 'decision', send('decision')),
    ]);
    expect(sent.slice(3)).toEqual(['1000 decision', '2000 news', '3000 progress']);
  });

  test('waits as long as Slack asks, and then tries once more', async () => {
    const { clock, limiter, sent, send } = createScene();
    let refusals = 1;
    await limiter.run(inC1, 'normal', async () => {
      refusals -= 1;
      if (refusals >= 0) {
        throw new SlackBusy('chat.postMessage', 7_000);
      }
      await send('late')();
    });
    expect(sent).toEqual(['7000 late']);
    expect(clock.now()).toBeGreaterThan(0);
  });

  test('hands a long wait back to whoever called, who owns the retry', async () => {
    const { limiter } = createScene();
    const busy = new SlackBusy('chat.postMessage', 60_000);
    await expect(limiter.run(inC1, 'normal', () => Promise.reject(busy))).rejects.toMatchObject({
      name: 'SlackBusy',
      retryAfterMs: 60_000,
    });
  });

  test('asks nobody else to wait a long time that is known already: it is handed back at once', async () => {
    const { limiter, sent, send } = createScene();
    let calls = 0;
    const busy = () => {
      calls += 1;
      return Promise.reject(new SlackBusy('chat.postMessage', 60_000));
    };
    await expect(limiter.run(inC1, 'decision', busy)).rejects.toThrow(SlackBusy);
    await expect(limiter.run(inC1, 'decision', busy)).rejects.toThrow(SlackBusy);
    expect(calls).toBe(1);
    await limiter.run({ kind: 'post', channel: 'C2' }, 'normal', send('another channel'));
    expect(sent).toEqual(['0 another channel']);
  });

  test('of edits is one for the whole workspace, and so is their pause', async () => {
    const { limiter, sent, send } = createScene();
    let refusals = 1;
    await limiter.run({ kind: 'update', channel: 'C1' }, 'normal', async () => {
      refusals -= 1;
      if (refusals >= 0) {
        throw new SlackBusy('chat.update', 4_000);
      }
    });
    await limiter.run({ kind: 'update', channel: 'C2' }, 'normal', send('C2'));
    expect(sent).toEqual(['4000 C2']);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        limiter.run({ kind: 'update', channel: `C${at}` }, 'normal', send('')),
      ),
    );
    const first = Number(sent.at(1)?.split(' ')[0]);
    // Ten at once, then fifty a minute.
    expect(Number(sent.at(-1)?.split(' ')[0]) - first).toBeGreaterThanOrEqual(10 * 1_200);
  });

  test('leaves progress out rather than let it wait; news wait', async () => {
    const { limiter, sent, send } = createScene();
    const calls = Array.from({ length: 12 }, (_, at) => limiter.run(inC1, 'normal', send(`${at}`)));
    await expect(limiter.run(inC1, 'progress', send('progress'))).rejects.toThrow(SlackBusy);
    await Promise.all(calls);
    expect(sent).toHaveLength(12);
  });

  test('goes on after a call that failed', async () => {
    const { limiter, sent, send } = createScene();
    await expect(limiter.run(inC1, 'normal', () => Promise.reject(new Error('gone')))).rejects.toThrow(
      'gone',
    );
    await limiter.run(inC1, 'normal', send('next'));
    expect(sent).toEqual(['0 next']);
  });
});
