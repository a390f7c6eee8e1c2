import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { BotContext } from '../../src/bot/context.ts';
import { systemClock } from '../../src/bot/process/system-clock.ts';
import { createApp } from '../../src/bot/slack/app/app.ts';
import { openStores } from '../../src/bot/stores/open.ts';
import { advance, limitDefaults, type Run, startRun, type Tier } from '../../src/runbooks/index.ts';
import { fakeReceiver, pressed, submitted } from '../bot/fakes/receiver.ts';
import { person } from '../bot/fakes/slack.ts';
import { CHANNEL, createWorld, openIncident, split, splitRunbook, type World } from '../bot/fakes/world.ts';

/** Twenty people click everything that ten plans offer, all at once, and Slack spreads it over three bots. */
const REPLICAS = 3;
const PLANS = 10;
const APPROVERS = ['U0A1', 'U0A2', 'U0A3', 'U0A4', 'U0A5', 'U0A6'];
const ADMINS = ['U0B1', 'U0B2'];
const ENTITLED = [...APPROVERS, ...ADMINS];
const OTHERS = Array.from({ length: 10 }, (_, index) => `U0C${index}`);
const GUEST = 'U0GUEST';
const BOT = 'U0BOT1';
const PEOPLE = [...ENTITLED, ...OTHERS, GUEST, BOT];

const connections: Redis[] = [];
const prefix = `races-${randomUUID()}`;
let world: World;
let deliverTo: ((body: object) => Promise<unknown>)[];
let contexts: BotContext[];

beforeAll(() => {
  world = createWorld();
  for (const id of PEOPLE) {
    world.slack.persons.set(id, person(id, id, { isGuest: id === GUEST, isBot: id === BOT }));
  }
  // Even a guest and a bot that somebody has put on the list have no say.
  world.slack.groups.set('S0ONCALL', [...APPROVERS, GUEST, BOT]);
  contexts = Array.from({ length: REPLICAS }, () => {
    const redis = new Redis(inject('redisUrl'));
    connections.push(redis);
    const { config } = world.context;
    const people = { ...config.people, adminApprovers: ADMINS };
    const stores = openStores(redis, prefix);
    return { ...world.context, config: { ...config, people }, stores, clock: systemClock };
  });
  deliverTo = contexts.map((context) => {
    const receiver = fakeReceiver();
    createApp(context, world.slack, receiver);
    return receiver.deliver;
  });
});
afterAll(() => {
  for (const redis of connections) {
    redis.disconnect();
  }
});

const tierOf = (index: number): Tier => (index % 2 === 0 ? 'node' : 'destructive');
const NEEDED = { node: 2, destructive: 1 };

/** A plan on the table, asked for by one of the approvers. */
async function table(context: BotContext, index: number): Promise<Run> {
  const nowMs = Date.now();
  const id = `RUN-${100 + index}`;
  const incident = {
    ...openIncident,
    ...{ id: `INC-${100 + index}`, key: `network-${index}`, run: id, openedAtMs: nowMs },
  };
  const requestedBy = APPROVERS[index % APPROVERS.length] ?? '';
  // By its key the engine finds the trouble again; in the store each open trouble has one of its own.
  const started = startRun({ id, incident: { ...incident, key: openIncident.key }, requestedBy, nowMs });
  const run = advance(
    splitRunbook,
    started,
    { kind: 'looked', now: split, answered: {}, atMs: nowMs },
    {
      describe: (call) => ({ text: call.action, tier: tierOf(index) }),
      planExpiresMs: 300_000,
      limits: limitDefaults,
      deletedLastHour: 0,
    },
  );
  const story = { atMs: nowMs, actor: 'watership', event: 'test', text: 'test' };
  await context.stores.incidents.put(incident, 0, story);
  await context.stores.runs.put(run, 0, story);
  return run;
}

const press = (user: string, action_id: string, value: string, at: string) =>
  pressed(user, CHANNEL, { action_id, value, action_ts: at });

function approval(user: string, run: Run) {
  const metadata = { incident: run.incident, run: run.id, planHash: run.plan?.hash, channel: CHANNEL };
  const typed = (value: string) => ({ value: { type: 'plain_text_input', value } });
  const submission = submitted(
    user,
    { callback_id: 'approval:submit', private_metadata: JSON.stringify(metadata) },
    { cluster_name: typed('prod-a'), reason: typed('now') },
  );
  // Each modal is one of its own.
  return { ...submission, view: { ...submission.view, id: `V-${user}-${run.id}` } };
}

/** Everything that one person can click about one plan; the vote comes a second time, as Slack repeats it. */
function clicksOf(user: string, run: Run): readonly object[] {
  const mayDecide = ENTITLED.includes(user);
  return [
    press(user, 'incident:ack', run.incident, `1.${run.id}`),
    press(user, 'incident:diagnose', run.incident, `2.${run.id}`),
    press(user, 'incident:review', run.incident, `3.${run.id}`),
    // Whoever may cancel would end the plan; of them only a button that does not fit is pressed.
    mayDecide
      ? press(user, 'run:confirm', `${run.id} - 0`, `4.${run.id}`)
      : press(user, 'run:cancel', `${run.id} -`, `4.${run.id}`),
    approval(user, run),
    approval(user, run),
  ];
}

test('of twenty people at five buttons of ten plans on three bots exactly the entitled votes count', async () => {
  const [first] = contexts;
  if (first === undefined) {
    throw new Error('no bot');
  }
  const runs = await Promise.all(Array.from({ length: PLANS }, (_, index) => table(first, index)));
  const clicks = runs.flatMap((run) => PEOPLE.flatMap((user) => clicksOf(user, run)));
  const answers = await Promise.all(clicks.map((click, index) => deliverTo[(index * 7) % REPLICAS]?.(click)));

  expect(answers).toHaveLength(PLANS * PEOPLE.length * 6);
  expect(answers).not.toContain('never');
  for (const [index, run] of runs.entries()) {
    const now = await first.stores.runs.get(run.id);
    const voters = now?.votes.map(({ by }) => by) ?? [];
    const tier = index % 2 === 0 ? 'node' : 'destructive';
    expect(now?.state, run.id).toBe('checking');
    expect(voters).toHaveLength(NEEDED[tier]);
    expect(new Set(voters).size).toBe(voters.length);
    expect(ENTITLED).toEqual(expect.arrayContaining(voters));
    // What loses data takes somebody else than whoever asked.
    if (tier === 'destructive') {
      expect(voters).not.toContain(run.requestedBy);
    }

    const audit = await first.stores.audit.read({ run: run.id, limit: 1_000 });
    const voted = audit.filter(({ event }) => event === 'run.voted');
    expect(voted.map(({ actor }) => actor).toSorted()).toEqual(voters.toSorted());
    expect(voted.every(({ planHash }) => planHash === run.plan?.hash)).toBe(true);
    expect(audit.some(({ event }) => event === 'run.cancelled')).toBe(false);
  }
});
