import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Evidence, type Violation } from './check.ts';
import { checkCards } from './check-cards.ts';
import type { Dice } from './dice.ts';
import { chooseDisturbance, type Disturbance } from './disturbance.ts';
import type { House } from './house.ts';
import { moments, openMoments, type StoryMoment } from './moments.ts';
import { openTurn, treat } from './person.ts';
import type { State } from './state.ts';
import { channelLeak, type MakeTrouble, nodeDown, partition, type Trouble, zombieQueue } from './trouble.ts';

/** One round: some troubles under treatment at once, and one disturbance. */
export interface Round {
  readonly number: number;
  readonly troubles: readonly string[];
  readonly disturbance: string;
  readonly moment: StoryMoment | 'by itself';
  /** False: its moment did not come in this round. */
  readonly struck: boolean;
  readonly tookMs: number;
  readonly violations: readonly Violation[];
  /** What the bots had to be asked or told, and the like: no fault, but worth a number. */
  readonly runs: number;
}

const TREATED_MS = 180_000;
const QUIET_MS = 90_000;
/** So long a card may lag behind. */
const CARD_MS = 30_000;
const MOMENT_MS = 45_000;

/** Plays one. `known`: what earlier rounds have told already. */
export async function playRound(
  house: House,
  dice: Dice,
  number: number,
  known: ReadonlySet<string>,
): Promise<Round> {
  const startedAt = performance.now();
  const runsBefore = (await house.state.runs()).length;
  const disturbance = chooseDisturbance(dice);
  const moment = dice.pick(moments);
  const makes = chooseTroubles(dice, disturbance);
  const lagMs = dice.between(0, 900);
  const madeAtMs = Date.now();
  const troubles: Trouble[] = [];
  for (const [index, make] of makes.entries()) {
    troubles.push(await make(house, dice, number * 10 + index));
  }

  const story = openMoments();
  const inTurn = openTurn();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), TREATED_MS);
  const strike = async (): Promise<boolean> => {
    if (!disturbance.lurks) {
      await story.when(moment, MOMENT_MS);
      await sleep(lagMs);
    }
    return await disturbance.strike(house, dice);
  };
  const [struck] = await Promise.all([
    strike(),
    ...troubles.map((trouble, index) =>
      treat(house, trouble, {
        person: index % 2 === 0 ? 'alice' : 'bob',
        ...{ madeAtMs, inTurn, moments: story, signal: over.signal },
      }),
    ),
  ]);
  clearTimeout(timer);

  const untreated = await untreatedOf(troubles);
  for (const trouble of troubles) {
    await trouble.clear();
  }
  await quiet(house);
  const violations = [...untreated, ...(await violationsNow(house))];
  return {
    number,
    troubles: troubles.map(({ words }) => words),
    disturbance: disturbance.name,
    moment: disturbance.lurks ? 'by itself' : moment,
    struck,
    tookMs: performance.now() - startedAt,
    violations: violations.filter((each) => !known.has(keyOf(each))),
    runs: (await house.state.runs()).length - runsBefore,
  };
}

/** By it the same violation is told once. */
export const keyOf = ({ rule, about, text }: Violation): string => `${rule} ${about} ${text}`;

/** Mostly what is quickly treated; a broken cluster only where the disturbance does not break it too. */
function chooseTroubles(dice: Dice, { name }: Disturbance): readonly MakeTrouble[] {
  const quick = dice.pick([[zombieQueue], [zombieQueue, zombieQueue], [zombieQueue, channelLeak]]);
  const isCluster = name.includes('network') || name.includes('node');
  if (isCluster || dice.next() > CLUSTER_SHARE) {
    return quick;
  }
  return [dice.pick([nodeDown, partition])];
}

const CLUSTER_SHARE = 0.12;

async function untreatedOf(troubles: readonly Trouble[]): Promise<readonly Violation[]> {
  const answers = await Promise.all(
    troubles.map(async (trouble) => ({ trouble, isTreated: await trouble.isTreated().catch(() => false) })),
  );
  return answers
    .filter(({ isTreated }) => isTreated !== true)
    .map(({ trouble }) => ({ rule: 'treated', about: trouble.words, text: 'it is still there at the end' }));
}

/** Until nothing is open, nobody runs, every bot is ready and the cluster is whole, or the patience is over. */
async function quiet({ state, replicas, broker }: House): Promise<void> {
  const until = performance.now() + QUIET_MS;
  while (performance.now() < until) {
    const isQuiet =
      (await isSettled(state)) && (await Promise.all(replicas.map((one) => one.isReady()))).every(Boolean);
    if (isQuiet && (await broker.isWhole())) {
      return;
    }
    await sleep(500);
  }
}

async function isSettled(state: State): Promise<boolean> {
  try {
    const [incidents, pendingUpdates] = [await state.incidents(), await state.pendingUpdates()];
    return pendingUpdates.length === 0 && incidents.every((incident) => incident.state === 'resolved');
  } catch {
    return false;
  }
}

/** What the checker says now; cards get their time to catch up. */
async function violationsNow(house: House): Promise<readonly Violation[]> {
  const until = performance.now() + CARD_MS;
  for (;;) {
    const [incidents, runs] = [await house.state.incidents(), await house.state.runs()];
    const cards = checkCards({ messages: house.page.messages(), incidents, runs });
    if (cards.length === 0 || performance.now() > until) {
      return [...check(await evidenceOf(house)), ...cards];
    }
    await sleep(500);
  }
}

async function evidenceOf({ state, replicas, sandbox }: House): Promise<Evidence> {
  const passed = replicas.flatMap(({ management }) => management.flatMap((door) => door.passed));
  return {
    incidents: await state.incidents(),
    runs: await state.runs(),
    audit: await state.audit(),
    passed: passed.toSorted((left, right) => left.atMs - right.atMs),
    operations: sandbox.operations(),
  };
}
