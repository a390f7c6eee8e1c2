import type { Clock } from '../../runbooks/index.ts';
import { SlackBusy } from './errors.ts';
import type { Urgency } from './port.ts';

/** Slack takes one message a second in a channel, and short bursts: https://docs.slack.dev/apis/web-api/rate-limits */
const EVERY_MS = 1_000;
const BURST = 3;
/** A longer wait than this is the caller's to retry. */
const LONGEST_WAIT_MS = 30_000;

const order: readonly Urgency[] = ['decision', 'normal', 'progress'];

interface Waiting {
  readonly urgency: Urgency;
  readonly go: () => void;
}

interface Lane {
  readonly waiting: Waiting[];
  tokens: number;
  countedAtMs: number;
  pausedUntilMs: number;
  isServing: boolean;
}

/** Lets calls through at Slack's pace, one lane a channel, the most urgent first; waits out a Retry-After once. */
export function createPacer(clock: Clock): {
  run<T>(lane: string, urgency: Urgency, call: () => Promise<T>): Promise<T>;
} {
  const lanes = new Map<string, Lane>();

  const laneOf = (name: string): Lane => {
    const known = lanes.get(name);
    if (known !== undefined) {
      return known;
    }
    const lane = { waiting: [], tokens: BURST, countedAtMs: clock.now(), pausedUntilMs: 0, isServing: false };
    lanes.set(name, lane);
    return lane;
  };

  const enter = async (lane: Lane, urgency: Urgency): Promise<void> => {
    await new Promise<void>((go) => {
      lane.waiting.push({ urgency, go });
      if (!lane.isServing) {
        lane.isServing = true;
        void serve(lane);
      }
    });
  };

  const serve = async (lane: Lane): Promise<void> => {
    while (lane.waiting.length > 0) {
      const waitMs = untilNext(lane, clock.now());
      if (waitMs > 0) {
        await clock.sleep(waitMs);
        continue;
      }
      lane.tokens -= 1;
      takeMostUrgent(lane.waiting)?.go();
    }
    lane.isServing = false;
  };

  return {
    async run(name, urgency, call) {
      const lane = laneOf(name);
      await enter(lane, urgency);
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof SlackBusy) || error.retryAfterMs > LONGEST_WAIT_MS) {
          throw error;
        }
        lane.pausedUntilMs = Math.max(lane.pausedUntilMs, clock.now() + error.retryAfterMs);
        await enter(lane, urgency);
        return await call();
      }
    },
  };
}

function untilNext(lane: Lane, nowMs: number): number {
  if (lane.pausedUntilMs > nowMs) {
    return lane.pausedUntilMs - nowMs;
  }
  const earned = Math.floor((nowMs - lane.countedAtMs) / EVERY_MS);
  if (earned > 0) {
    lane.tokens = Math.min(BURST, lane.tokens + earned);
    lane.countedAtMs += earned * EVERY_MS;
  }
  return lane.tokens > 0 ? 0 : lane.countedAtMs + EVERY_MS - nowMs;
}

function takeMostUrgent(waiting: Waiting[]): Waiting | undefined {
  const ranks = waiting.map(({ urgency }) => order.indexOf(urgency));
  const first = ranks.indexOf(Math.min(...ranks));
  return waiting.splice(first, 1)[0];
}
