import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../sandbox/wait.ts';
import type { Dice } from './dice.ts';
import type { Door, Moment, Mood } from './door.ts';
import type { House } from './house.ts';
import type { Replica } from './replicas.ts';

/** Something that goes wrong beside the trouble. Resolves when its cause is over. */
export interface Disturbance {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** Waits for its own moment: it is let loose at once, and strikes when a bot does a certain thing. */
  readonly lurks: boolean;
  /** False: its moment did not come. */
  strike(house: House, dice: Dice): Promise<boolean>;
}

const LURKS_MS = 60_000;

export const disturbances: readonly [Disturbance, ...Disturbance[]] = [
  atOnce('a bot is killed', 4, async ({ replicas }, dice) => {
    oneOf(replicas, dice).kill();
  }),
  atOnce('all bots are killed', 1, async ({ replicas }) => {
    for (const replica of replicas) {
      replica.kill();
    }
  }),
  caught('a bot is killed before its call is heard', 3, 'before', ({ management }) => management),
  caught('a bot is killed before it hears what its call did', 3, 'after', ({ management }) => management),
  caught('a bot is killed before it hears that its post was taken', 2, 'after', ({ slack }) => [slack]),
  atOnce('Redis is killed', 4, async ({ order, state }) => {
    await order('break', 'redis-crash');
    await waitFor('Redis to be back', async () => (await state.pendingUpdates()) !== undefined, {
      withinMs: 20_000,
    });
  }),
  slackIs('Slack answers 500', 2, { kind: 'answers', status: 500 }),
  slackIs('Slack answers 429', 2, { kind: 'answers', status: 429 }),
  slackIs('Slack does not answer', 1, { kind: 'hangs' }),
  atOnce('a broker node is killed', 2, async ({ broker, order }, dice) => {
    const [first, ...rest] = broker.nodes;
    if (first === undefined) {
      return;
    }
    const { pid } = dice.pick([first, ...rest]);
    // It leads a group of its own.
    if (pid !== null) {
      process.kill(-pid, 'SIGKILL');
    }
    await sleep(dice.between(1_000, 6_000));
    await order('heal', 'node-down');
  }),
  atOnce('the network is cut', 2, async ({ order }, dice) => {
    await order('break', 'split');
    await sleep(dice.between(1_000, 8_000));
    await order('heal', 'split');
  }),
];

/** One of them, by its weight. */
export function chooseDisturbance(dice: Dice): Disturbance {
  const total = disturbances.reduce((sum, { weight }) => sum + weight, 0);
  let left = dice.next() * total;
  for (const disturbance of disturbances) {
    left -= disturbance.weight;
    if (left < 0) {
      return disturbance;
    }
  }
  return disturbances[0];
}

function atOnce(
  name: string,
  weight: number,
  strike: (house: House, dice: Dice) => Promise<void>,
): Disturbance {
  return {
    ...{ name, weight, lurks: false },
    async strike(house, dice) {
      await strike(house, dice);
      return true;
    },
  };
}

function slackIs(name: string, weight: number, mood: Mood): Disturbance {
  return atOnce(name, weight, async ({ replicas }, dice) => {
    for (const { slack } of replicas) {
      slack.setMood(mood);
    }
    await sleep(dice.between(2_000, 8_000));
    for (const { slack } of replicas) {
      slack.setMood({ kind: 'open' });
    }
  });
}

/** Whoever comes to one of these doors first is killed there. */
function caught(
  name: string,
  weight: number,
  moment: Moment,
  doorsOf: (replica: Replica) => readonly Door[],
): Disturbance {
  return {
    ...{ name, weight, lurks: true },
    async strike({ replicas }) {
      const over = new AbortController();
      const victims = replicas.flatMap((replica) =>
        doorsOf(replica).map(async (door) => {
          await door.catchNext(moment);
          return replica;
        }),
      );
      const victim = await Promise.race([
        ...victims,
        sleep(LURKS_MS, undefined, { signal: over.signal }).catch(() => undefined),
      ]);
      over.abort();
      for (const door of replicas.flatMap(doorsOf)) {
        door.catchNobody();
      }
      victim?.kill();
      return victim !== undefined;
    },
  };
}

function oneOf([first, ...rest]: readonly Replica[], dice: Dice): Replica {
  if (first === undefined) {
    throw new Error('there is no bot');
  }
  return dice.pick([first, ...rest]);
}
