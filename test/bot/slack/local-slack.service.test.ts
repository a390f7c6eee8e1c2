import { WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../sandbox/wait.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';
import { connectSlack, type SlackConnection } from '../../../src/bot/slack/app/connect.ts';
import { ALICE, BOB, createWorld, DAVE, type World } from '../fakes/world.ts';
import { type KeptMessage, type LocalSlack, localSlack } from './local-slack.ts';

/* The real Bolt app over a real Socket Mode connection, against a third-party stand-in for Slack with a page of its own. */

let slack: LocalSlack;
let world: World;
let connection: SlackConnection;
/** The page's own connection: modals live only there. */
let page: WebSocket;
const views: { title: { text: string }; blocks: readonly unknown[] }[][] = [];
const errors: Record<string, string>[] = [];

beforeAll(async () => {
  slack = await localSlack();
  const { people } = createWorld().context.config;
  // The stand-in has no user groups.
  const config = { slack: slack.config, people: { ...people, approvers: [ALICE, BOB] } };
  world = createWorld({ config, startMs: Date.now() });
  connection = await connectSlack({ ...world.context, clock: systemClock });
  await connection.start();
  page = new WebSocket(`${slack.url.replace('http', 'ws')}/ui`);
  page.addEventListener('message', ({ data }) => {
    const told = JSON.parse(String(data)) as { t: string; stack?: never; errors?: never };
    if (told.t === 'view') {
      views.push(told.stack ?? []);
    }
    if (told.t === 'view_errors') {
      errors.push(told.errors ?? {});
    }
  });
  await new Promise((open) => page.addEventListener('open', open));
});

afterAll(async () => {
  page?.close();
  await connection?.stop();
  await slack?.[Symbol.asyncDispose]();
});

/** Waits until something holds; the stand-in has no events for what its control port shows. */
const until = <Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> => waitFor(what, look, { withinMs: 20_000, everyMs: 50 });

const whisperTo = (user: string, pattern: RegExp): Promise<KeptMessage> =>
  until(`${user} is told ${pattern}`, async () =>
    (await slack.messages()).find((message) => message.ephemeral_to === user && pattern.test(message.text)),
  );

const topView = () => views.at(-1)?.at(-1);

describe('in a Slack', () => {
  test('a command is answered', async () => {
    await slack.command(ALICE, 'help');
    await until('the help', async () =>
      (await slack.messages()).find(({ text }) => text.startsWith('Watership: status,')),
    );
  });

  test('an incident is told, taken, diagnosed, reviewed and approved; Dave’s click does nothing', async () => {
    await world.open({ openedAtMs: Date.now() });
    await connection.tell('INC-0412');
    const card = await until('the card', async () =>
      (await slack.messages()).find(({ text }) => text.startsWith('P1')),
    );
    // The stand-in does not know date tokens: the time is written out for it.
    expect(JSON.stringify(card.blocks)).not.toContain('<!date');

    await slack.press(ALICE, card.ts, 'incident:ack', 'INC-0412');
    await whisperTo(ALICE, /^INC-0412 is yours/);
    await slack.press(ALICE, card.ts, 'incident:diagnose', 'INC-0412');
    await whisperTo(ALICE, /diagnoses it now/);
    await world.diagnosed('RUN-0001');
    await connection.tell('INC-0412');
    const thread = (await slack.messages()).filter(({ thread_ts }) => thread_ts === card.ts);
    expect(thread.map(({ text }) => text)).toEqual([
      'Seen in 2 sweeps.',
      'Alice Anderson is on it. Alice Anderson asked for a diagnosis (RUN-0001).',
      'prod-a: ctl3 is cut off from ctl1 + ctl2 - a plan waits for approval.',
    ]);

    await slack.press(DAVE, card.ts, 'incident:review', 'INC-0412');
    const forDave = await until('the plan for Dave to read', () => topView());
    expect(forDave).toMatchObject({ title: { text: 'Review fix' } });
    expect(JSON.stringify(forDave)).toContain('You can read this plan, but not approve it.');
    page.send(JSON.stringify({ t: 'view_close', user: DAVE }));
    await until('no window', () => (topView() === undefined ? true : undefined));

    await slack.press(BOB, card.ts, 'incident:review', 'INC-0412');
    await until('the modal', () => (topView()?.title.text === 'Review fix' ? topView() : undefined));
    submit(BOB, 'wrong');
    expect(await until('the error', () => errors.at(-1))).toEqual({
      cluster_name: 'Type the cluster’s name to confirm: prod-a',
    });
    submit(BOB, 'prod-a');
    await until('the answer', () => (topView()?.title.text === 'Recorded' ? true : undefined));
    expect(world.stores.kept.runs.get('RUN-0001')).toMatchObject({ state: 'checking', votes: [{ by: BOB }] });
  });

  test('the Home tab opens', async () => {
    await slack.openHome(ALICE);
    await until('the Home tab', async () => {
      const { log } = (await (await fetch(`${slack.url}/_control/log`)).json()) as {
        log: { summary: string }[];
      };
      return log.find(({ summary }) => summary.includes('views.publish'));
    });
  });
});

test('a connection that was lost comes back by itself, and ends when it is told to', async () => {
  await using own = await localSlack();
  const bot = await connectSlack({
    ...createWorld({ config: { slack: own.config } }).context,
    clock: systemClock,
  });
  await bot.start();
  expect(bot.isConnected()).toBe(true);
  await own.kill();
  await until('the loss to be noticed', () => (bot.isConnected() ? undefined : true));
  await own.bringBack();
  await until('the connection', () => (bot.isConnected() ? true : undefined));
  await own.command(ALICE, 'runbooks');
  await until('an answer', async () =>
    (await own.messages()).find(({ text }) => text.startsWith('Runbooks:')),
  );
  await bot.stop();
  expect(bot.isConnected()).toBe(false);
});

test('a Slack that is not there is said so at the start', async () => {
  const own = await localSlack();
  await own[Symbol.asyncDispose]();
  const { context } = createWorld({ config: { slack: own.config } });
  const bot = await connectSlack({ ...context, clock: systemClock });
  await expect(bot.start()).rejects.toThrow();
  await bot.stop();
});

function submit(user: string, typed: string): void {
  page.send(
    JSON.stringify({
      t: 'view_submit',
      user,
      values: {
        cluster_name: { value: { type: 'plain_text_input', value: typed } },
        reason: { value: { type: 'plain_text_input', value: 'the thread shows why' } },
      },
    }),
  );
}
