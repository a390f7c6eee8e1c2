import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../../src/bot/slack/app/app.ts';
import { fakeReceiver, pressed, typed } from '../../fakes/receiver.ts';
import { ALICE, BOB, CHANNEL, createWorld, type World } from '../../fakes/world.ts';

/** The real app, over a transport that the test drives. */
export function createBot(world: World = createWorld()) {
  const receiver = fakeReceiver();
  const { settled } = createApp(world.context, world.slack, receiver);
  return { ...world, deliver: receiver.deliver, settled };
}

/** A pressed button in the channel of the cluster. */
export const press = (user: string, actionId: string, value: string, actionTs = '100.1') =>
  pressed(user, CHANNEL, { action_id: actionId, value, action_ts: actionTs });

/** What somebody types who approves. */
export const filled = (reason = 'go') => ({
  cluster_name: { value: { type: 'plain_text_input', value: 'prod-a' } },
  reason: { value: { type: 'plain_text_input', value: reason } },
});

/** A bot with a plan of INC-0412 that Bob has open. */
export async function withModal() {
  const bot = createBot();
  await bot.open();
  await bot.deliver(press(ALICE, 'incident:diagnose', 'INC-0412'));
  await bot.diagnosed('RUN-0001');
  await bot.deliver(press(BOB, 'incident:review', 'INC-0412', '100.2'));
  const [entry] = bot.slack.views;
  if (entry === undefined) {
    throw new Error('no modal was opened');
  }
  return { ...bot, viewId: entry[0], view: entry[1] };
}

/** Answer to a command. */
interface Responded {
  readonly text: string;
  readonly response_type: string;
  readonly blocks: readonly unknown[];
}

/** Types commands one after the other, and collects what comes to their response URL. */
export async function ask(
  bot: ReturnType<typeof createBot>,
  texts: readonly string[],
  user = ALICE,
): Promise<Responded[]> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('ok');
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const { port } = server.address() as AddressInfo;
    for (const text of texts) {
      await bot.deliver(typed(user, CHANNEL, text, `http://127.0.0.1:${port}/`));
    }
  } finally {
    server.close();
  }
  return bodies.map((body) => JSON.parse(body) as Responded);
}
