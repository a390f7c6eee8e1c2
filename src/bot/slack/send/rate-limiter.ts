import type { Clock } from '../../../runbooks/index.ts';
import type { Urgency } from '../../ports/slack.ts';
import { SlackBusy } from '../../ports/slack-errors.ts';
import { createTokenBucket, type Pace, type TokenBucket } from './token-bucket.ts';

/** A kind of call that Slack counts by itself, and the channel where it also counts by channel. */
export interface Way {
  readonly kind: 'post' | 'update' | 'whisper';
  readonly channel?: string;
}

/**
 * What Slack takes: https://docs.slack.dev/apis/web-api/rate-limits. One message a second in a channel with short bursts, and
 * some hundreds a minute in a workspace; 50 edits a minute in a workspace; 100 private answers a minute.
 */
const paces: Readonly<Record<Way['kind'], { readonly channel: Pace; readonly all: Pace }>> = {
  post: { channel: { everyMs: 1_000, burst: 3 }, all: { everyMs: 250, burst: 20 } },
  update: { channel: { everyMs: 1_000, burst: 3 }, all: { everyMs: 1_200, burst: 10 } },
  whisper: { channel: { everyMs: 600, burst: 20 }, all: { everyMs: 600, burst: 20 } },
};

/** Rate limiter for Slack's methods: the most urgent call first; waits out a Retry-After once. */
export interface RateLimiter {
  /** Rejects with `SlackBusy` when Slack asks for a longer pause: the caller's job comes again after it. */
  run<T>(way: Way, urgency: Urgency, call: () => Promise<T>): Promise<T>;
}

export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<string, TokenBucket>();

  const laneOf = (name: string, pace: Pace): TokenBucket => {
    const known = buckets.get(name) ?? createTokenBucket(clock, pace);
    buckets.set(name, known);
    return known;
  };

  return {
    async run({ kind, channel }, urgency, call) {
      const pace = paces[kind];
      const all = laneOf(kind, pace.all);
      const own = channel === undefined ? all : laneOf(`${kind} ${channel}`, pace.channel);
      const enter = async (): Promise<void> => {
        await own.enter(urgency);
        if (own !== all) {
          await all.enter(urgency);
        }
      };
      await enter();
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof SlackBusy)) {
          throw error;
        }
        // Slack counts messages by channel, edits by workspace: the next call need not run into the same limit.
        (kind === 'post' ? own : all).pause(error.retryAfterMs);
        await enter();
        return await call();
      }
    },
  };
}
