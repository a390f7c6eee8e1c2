import { randomBytes } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import type { Dice } from './dice.ts';
import type { House } from './house.ts';
import type { StoredIncident } from './state.ts';

/** A fault made by hand, with what shows that its treatment has worked. */
export interface Trouble {
  /** For people: what was done to whom. */
  readonly words: string;
  isAbout(incident: StoredIncident): boolean;
  /** Has what the plan does been done, as the broker tells it? Undefined: the broker could not be asked. */
  isTreated(): Promise<boolean | undefined>;
  /** Takes away what is left of it. */
  clear(): Promise<void>;
}

/** Makes a fault. The number makes its names its own. */
export type MakeTrouble = (house: House, dice: Dice, number: number) => Promise<Trouble>;

const factsOf = ({ facts }: StoredIncident): string => JSON.stringify(facts);

/** A fanout queue that nobody reads, on one of the nodes. */
export const zombieQueue: MakeTrouble = async ({ broker }, dice, number) => {
  const topic = `chaos-${number}`;
  const name = `${topic}_fanout_${randomBytes(16).toString('hex')}`;
  const node = nodeOf(broker.nodes, dice);
  const client = await broker.client(node, 'chaos-zombie');
  const channel = await client.createConfirmChannel();
  await channel.assertExchange(`${topic}_fanout`, 'fanout', { durable: false, autoDelete: true });
  await channel.assertQueue(name, { durable: false });
  await channel.bindQueue(name, `${topic}_fanout`, '');
  channel.sendToQueue(name, Buffer.from('{}'));
  await channel.waitForConfirms();
  await client.close();
  return {
    words: `zombie queue ${name} on ${node.name}`,
    isAbout: (incident) => incident.key === `zombie:/:${topic}_fanout`,
    isTreated: async () => opposite(await broker.hasQueue(name)),
    async clear() {
      if ((await broker.hasQueue(name)) !== true) {
        return;
      }
      const cleaner = await broker.client(node, 'chaos-cleaner');
      await (await cleaner.createChannel()).deleteQueue(name);
      await cleaner.close();
    },
  };
};

const LEAKED_CHANNELS = 600;

/** A client that opens channels and keeps them. */
export const channelLeak: MakeTrouble = async ({ broker }, dice, number) => {
  const clientName = `chaos-leak-${number}`;
  const node = nodeOf(broker.nodes, dice);
  const client: ChannelModel = await broker.client(node, clientName);
  await Promise.all(Array.from({ length: LEAKED_CHANNELS }, () => client.createChannel()));
  return {
    words: `${LEAKED_CHANNELS} channels of ${clientName} on ${node.name}`,
    isAbout: (incident) =>
      incident.key.startsWith('connection:') && factsOf(incident).includes(`"${clientName}"`),
    isTreated: async () => opposite(await broker.hasClient(clientName)),
    clear: () => client.close().catch(() => undefined),
  };
};

/** A node whose process is gone and is started by the bot. */
export const nodeDown: MakeTrouble = async ({ order, broker }) => {
  await order('break', 'node-down');
  return {
    words: 'rabbit46 killed',
    isAbout: ({ key }) => /^node:.*rabbit46/.test(key),
    isTreated: () => broker.isWhole(),
    clear: async () => void (await order('heal', 'node-down')),
  };
};

/** A split brain that stays after the link is back. */
export const partition: MakeTrouble = async ({ order, broker }) => {
  await order('break', 'partition');
  return {
    words: 'rabbit45 split off',
    isAbout: ({ runbook }) => runbook === 'partition',
    isTreated: () => broker.isWhole(),
    clear: async () => void (await order('heal', 'split')),
  };
};

function nodeOf(nodes: House['broker']['nodes'], dice: Dice) {
  const [first, ...rest] = nodes.filter(({ pid }) => pid !== null);
  if (first === undefined) {
    throw new Error('no node runs');
  }
  return dice.pick([first, ...rest]);
}

const opposite = (answer: boolean | undefined): boolean | undefined =>
  answer === undefined ? undefined : !answer;
