import type { Clock } from '../../../runbooks/index.ts';
import type { Urgency } from '../../ports/slack.ts';
import { SlackBusy } from '../../ports/slack-errors.ts';

/** How often something may be done, and how many times at once after a silence. */
export interface Pace {
  readonly everyMs: number;
  readonly burst: number;
}

/** Token bucket with a queue, at one rate. */
export interface TokenBucket {
  /** Resolves when it is one's turn; rejects with `SlackBusy` when that would be too late to be worth waiting for. */
  enter(urgency: Urgency): Promise<void>;
  /** Nobody gets through for so long. */
  pause(forMs: number): void;
}

/** A longer wait than this is the caller's to retry: its job goes back, and comes again with the newest state. */
const LONGEST_WAIT_MS = 30_000;
/** Progress is out of date so soon that it is rather left out than waited for. */
const LONGEST_PROGRESS_WAIT_MS = 5_000;

const order: readonly Urgency[] = ['decision', 'normal', 'progress'];

interface Waiting {
  readonly urgency: Urgency;
  readonly go: () => void;
  readonly giveUp: (busy: SlackBusy) => void;
}

export function createTokenBucket(clock: Clock, { everyMs, burst }: Pace): TokenBucket {
  const waiting: Waiting[] = [];
  let tokens = burst;
  let countedAtMs = clock.now();
  let pausedUntilMs = 0;
  let isServing = false;

  /** Milliseconds until the next one may go. */
  function untilNext(nowMs: number): number {
    const earned = Math.floor((nowMs - countedAtMs) / everyMs);
    if (earned > 0) {
      tokens = Math.min(burst, tokens + earned);
      countedAtMs += earned * everyMs;
    }
    const forToken = tokens > 0 ? 0 : countedAtMs + everyMs - nowMs;
    return Math.max(forToken, pausedUntilMs - nowMs);
  }

  async function serve(): Promise<void> {
    while (waiting.length > 0) {
      const waitMs = untilNext(clock.now());
      if (waitMs > LONGEST_WAIT_MS) {
        for (const { giveUp } of waiting.splice(0)) {
          giveUp(new SlackBusy('the next call', waitMs));
        }
      } else if (waitMs > 0) {
        await clock.sleep(waitMs);
      } else {
        tokens -= 1;
        takeMostUrgent(waiting)?.go();
      }
    }
    isServing = false;
  }

  return {
    enter: (urgency) =>
      new Promise((go, giveUp) => {
        const ahead = waiting.length - Math.max(0, tokens);
        const waitMs = untilNext(clock.now()) + Math.max(0, ahead) * everyMs;
        if (urgency === 'progress' && waitMs > LONGEST_PROGRESS_WAIT_MS) {
          giveUp(new SlackBusy('a progress message', waitMs));
          return;
        }
        waiting.push({ urgency, go, giveUp });
        if (!isServing) {
          isServing = true;
          void serve();
        }
      }),

    pause(forMs) {
      pausedUntilMs = Math.max(pausedUntilMs, clock.now() + forMs);
    },
  };
}

function takeMostUrgent(waiting: Waiting[]): Waiting | undefined {
  const ranks = waiting.map(({ urgency }) => order.indexOf(urgency));
  const first = ranks.indexOf(Math.min(...ranks));
  return waiting.splice(first, 1)[0];
}
