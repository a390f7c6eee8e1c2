import { expect } from 'vitest';
import {
  getNotificationListener,
  getNotifier,
  type Notification,
  type NotificationListener,
  Target,
} from '../../../src/rpc/index.ts';
import { type Gathered, gather } from './gather.ts';
import { isAtLeast, type Scenario } from './scenario.ts';

const everyPriority = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'] as const;

async function whileListening(listener: NotificationListener, play: () => Promise<void>): Promise<void> {
  await listener.start();
  try {
    await play();
  } finally {
    await listener.stop();
    await listener.wait();
  }
}

/** An endpoint for every priority that keeps what comes and gives back the first error. */
function endpointOf(heard: Gathered<Notification>) {
  let hasGivenBack = false;
  const take = (notification: Notification): 'handled' => {
    heard.add(notification);
    return 'handled';
  };
  const error = (notification: Notification): 'handled' | 'requeue' => {
    heard.add(notification);
    if (hasGivenBack) {
      return 'handled';
    }
    hasGivenBack = true;
    return 'requeue';
  };
  return { audit: take, debug: take, info: take, warn: take, error, critical: take, sample: take };
}

/** Notifications, each way. */
export const notifications: readonly Scenario[] = [
  {
    name: 'their listener hears ours, of every priority, and one that it gave back twice',
    withAllOptions: true,
    async play({ transport, peer, topic }) {
      await peer.ask('listen', { topic });
      const notifier = getNotifier(transport, {
        publisherId: 'node',
        topics: [topic],
        sendContext: (context) => context,
      });
      for (const priority of everyPriority) {
        await notifier[priority]({ user: 'u' }, `an.${priority}`, { id: priority, big: 2n ** 63n });
      }
      const { result } = await peer.ask('seen', { topic, count: 8 });
      const expected = (priority: string) => ({
        priority,
        context: { user: 'u', client_timeout: null },
        publisher: 'node',
        event: `an.${priority}`,
        payload: { id: priority, big: 2n ** 63n },
        metadata: ['message_id', 'timestamp'],
      });
      expect(result).toHaveLength(8);
      expect(result).toEqual(expect.arrayContaining([...everyPriority.map(expected), expected('error')]));
    },
  },
  {
    name: 'their listener takes ours without an envelope too',
    async play({ transport, peer, topic }) {
      await peer.ask('listen', { topic });
      const notifier = getNotifier(transport, { publisherId: 'node', topics: [topic], driver: 'messaging' });
      await notifier.info({}, 'bare', { id: 1 });
      const { result } = await peer.ask('seen', { topic, count: 1 });
      expect(result).toMatchObject([{ publisher: 'node', event: 'bare', payload: { id: 1 } }]);
    },
  },
  {
    name: 'their listener takes ours in batches and gets a batch again that it gave back',
    async play({ transport, peer, topic }) {
      await peer.ask('listen_in_batches', { topic, batch_size: 5, batch_timeout: 2 });
      const notifier = getNotifier(transport, { publisherId: 'node', topics: [topic] });
      for (let id = 0; id < 5; id += 1) {
        await notifier.info({}, 'many', id);
      }
      const { result } = await peer.ask('seen', { topic, count: 2 });
      expect(result).toEqual([
        [0, 1, 2, 3, 4],
        [0, 1, 2, 3, 4],
      ]);
    },
  },
  {
    name: "their listener of a pool gets a copy, and the topic's own queue another",
    async play({ transport, peer, topic }) {
      await peer.ask('listen', { topic, pool: `${topic}-pool` });
      const heard = gather<Notification>();
      const listener = getNotificationListener(transport, [new Target({ topic })], [endpointOf(heard)]);
      await whileListening(listener, async () => {
        await getNotifier(transport, { publisherId: 'node', topics: [topic] }).info({}, 'pooled', 1);
        expect(await heard.first(1)).toMatchObject([{ eventType: 'pooled' }]);
        const { result } = await peer.ask('seen', { topic, count: 1 });
        expect(result).toMatchObject([{ event: 'pooled' }]);
      });
    },
  },
  {
    name: 'our listener hears theirs, of every priority, and one that it gave back twice',
    withAllOptions: true,
    async play({ transport, peer, topic, version }) {
      const heard = gather<Notification>();
      const listener = getNotificationListener(transport, [new Target({ topic })], [endpointOf(heard)], {
        allowRequeue: true,
      });
      await whileListening(listener, async () => {
        for (const priority of everyPriority) {
          await peer.ask('notify', {
            topic,
            priority,
            event_type: `an.${priority}`,
            payloads: [{ id: priority }],
            driver: 'messagingv2',
          });
        }
        const expected = (priority: string) =>
          expect.objectContaining({
            priority,
            eventType: `an.${priority}`,
            payload: { id: priority },
            publisherId: 'python',
            // Since 14.4.0 a context that is a dictionary is not sent.
            context: isAtLeast(version, '14.4.0') ? {} : { user: 'u' },
          });
        expect(await heard.first(8)).toEqual(
          expect.arrayContaining([...everyPriority.map(expected), expected('error')]),
        );
      });
      expect(heard.count()).toBe(8);
    },
  },
  {
    name: 'our listener takes theirs without an envelope too',
    async play({ transport, peer, topic }) {
      const heard = gather<Notification>();
      const listener = getNotificationListener(transport, [new Target({ topic })], [endpointOf(heard)]);
      await whileListening(listener, async () => {
        const bare = {
          topic,
          priority: 'info',
          event_type: 'bare',
          payloads: [{ id: 1 }],
          driver: 'messaging',
        };
        await peer.ask('notify', bare);
        expect(await heard.first(1)).toMatchObject([{ eventType: 'bare', payload: { id: 1 } }]);
      });
    },
  },
  {
    name: 'our listener takes theirs in batches and gets a batch again that it gave back',
    async play({ transport, peer, topic }) {
      const batches = gather<readonly unknown[]>();
      const info = (batch: readonly Notification[]): 'handled' | 'requeue' => {
        batches.add(batch.map(({ payload }) => payload));
        return batches.count() === 1 ? 'requeue' : 'handled';
      };
      const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], {
        allowRequeue: true,
        batchSize: 5,
        batchTimeoutMs: 2_000,
      });
      await whileListening(listener, async () => {
        const many = { topic, priority: 'info', event_type: 'many', payloads: [0, 1, 2, 3, 4] };
        await peer.ask('notify', { ...many, driver: 'messagingv2' });
        expect(await batches.first(2)).toEqual([
          [0, 1, 2, 3, 4],
          [0, 1, 2, 3, 4],
        ]);
      });
    },
  },
];
