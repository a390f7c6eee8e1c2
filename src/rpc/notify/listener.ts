import {
  aFunction,
  anObject,
  aSwitch,
  aText,
  atLeast,
  aWholeNumber,
  checkOptions,
  type WantedOptions,
} from '../options/option-checks.ts';
import type { Transport } from '../transport/transport.ts';
import type { Notification } from '../wire/notification.ts';
import { checkTarget, type Target } from '../wire/target.ts';
import { type NotificationFilter, passes } from './notification-filter.ts';
import {
  type BatchListenerOptions,
  isBatching,
  type ListenerOptions,
  NotificationListener,
  type NotificationResult,
} from './notification-listener.ts';
import { type Priority, priorities } from './notifier.ts';

const wanted: WantedOptions<BatchListenerOptions> = {
  allowRequeue: aSwitch,
  pool: aText,
  serializer: anObject,
  onFailure: aFunction,
  batchSize: aWholeNumber(1),
  batchTimeoutMs: atLeast(0),
};

type MaybePromise<Value> = Value | Promise<Value>;

/** Takes notifications one by one. A listener consumes the queues of those priorities that some endpoint has. */
export type NotificationEndpoint = {
  readonly filter?: NotificationFilter;
} & Partial<Record<Priority, (notification: Notification) => MaybePromise<NotificationResult>>>;

/** Takes notifications in batches of one priority each. */
export type BatchNotificationEndpoint = {
  readonly filter?: NotificationFilter;
} & Partial<Record<Priority, (notifications: readonly Notification[]) => MaybePromise<NotificationResult>>>;

/**
 * Listener for the notifications of some targets. With `batchSize` the endpoints get lists. Each endpoint sees
 * what its filter lets through; one that says `requeue`, or throws, ends the round.
 * @throws TypeError for an endpoint or an option that cannot be meant.
 * @example
 * const listener = getNotificationListener(transport, [new Target({ topic: 'notifications' })], [
 *   { info: ({ eventType, payload }) => console.log(eventType, payload) },
 * ]);
 * await listener.start();
 */
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly BatchNotificationEndpoint[],
  options: BatchListenerOptions,
): NotificationListener;
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly NotificationEndpoint[],
  options?: ListenerOptions,
): NotificationListener;
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly { readonly filter?: NotificationFilter }[],
  options: ListenerOptions | BatchListenerOptions = {},
): NotificationListener {
  checkOptions<object>('getNotificationListener', options, wanted);
  if (!Array.isArray(targets) || !Array.isArray(endpoints)) {
    throw new TypeError('A listener takes lists: [new Target({ topic })], [endpoint].');
  }
  for (const target of targets) {
    checkTarget(target);
  }
  const isBatch = isBatching(options);
  const served = new Set(
    priorities.filter((priority) => endpoints.some((endpoint) => methodOf(endpoint, priority))),
  );
  if (served.size === 0) {
    throw new TypeError(
      `No endpoint of the listener has a method that is named after a priority: ${priorities.join(', ')}.`,
    );
  }
  const handle = async (priority: string, batch: readonly Notification[]): Promise<NotificationResult> => {
    for (const endpoint of endpoints) {
      const method = methodOf(endpoint, priority);
      const wanted = batch.filter((each) => passes(endpoint.filter, each));
      if (!method || wanted.length === 0) {
        continue;
      }
      const result: unknown = await Reflect.apply(method, endpoint, [isBatch ? wanted : wanted[0]]);
      if (result === 'requeue') {
        return 'requeue';
      }
    }
    return 'handled';
  };
  return new NotificationListener(transport, targets, served, handle, options);
}

/** An endpoint's method for a priority. The priority comes off the wire: only the known ones are looked up. */
function methodOf(endpoint: object, priority: string): ((...args: unknown[]) => unknown) | undefined {
  if (!priorities.some((each) => each === priority)) {
    return undefined;
  }
  const method: unknown = Reflect.get(endpoint, priority);
  return typeof method === 'function' ? (...args) => Reflect.apply(method, endpoint, args) : undefined;
}
