import { closeChannel } from '../amqp/close-channel.ts';
import { before, now } from '../amqp/deadline.ts';
import { replyCodeOf } from '../amqp/topology.ts';
import { callOver } from '../client/call.ts';
import { definite } from '../definite.ts';
import {
  BrokerUnreachable,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingTimeout,
  RemoteError,
  reasonOf,
} from '../errors.ts';
import { atLeast, checkOptions, oneOf, type WantedOptions } from '../options/option-checks.ts';
import type { Transport } from '../transport/transport.ts';
import { checkTarget, routingKeyOf, type Target } from '../wire/target.ts';
import { counted } from '../wording/counts.ts';
import { span } from '../wording/span.ts';

/**
 * `ping` calls `oslo_rpc_server_ping`, `baseapi` nova's `ping`; `ignoreErrors` calls a method no service has,
 * named so that the service answers without logging. `auto` is `ignoreErrors`: it needs nothing enabled.
 */
export type ProbeKind = 'auto' | 'ping' | 'ignoreErrors' | 'baseapi';

/** What a probe found. */
export interface ProbeResult {
  /**
   * `alive`: it answered, be it with an error. `deaf`: the request was queued and nobody answered. `absent`: no
   * queue takes requests for it. `unreachable`: the broker could not be asked; says nothing about the service.
   */
  readonly verdict: 'alive' | 'deaf' | 'absent' | 'unreachable';
  /** From sending to knowing, milliseconds. */
  readonly tookMs: number;
  /** How it was known, in plain words. */
  readonly how: string;
  /** Consumers of its queue, where that was looked at; undefined when there is no such queue. */
  readonly consumers?: number;
}

/** How to probe. */
export interface ProbeOptions {
  /** @default 'auto' */
  readonly kind?: ProbeKind;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

const wanted: WantedOptions<ProbeOptions> = {
  kind: oneOf('auto', 'ping', 'ignoreErrors', 'baseapi'),
  timeoutMs: atLeast(0),
};

const methods: Readonly<Record<ProbeKind, string>> = {
  auto: 'oslo_rpc_server_ping_ignore_errors',
  ping: 'oslo_rpc_server_ping',
  ignoreErrors: 'oslo_rpc_server_ping_ignore_errors',
  baseapi: 'ping',
};

/**
 * Verdict on whether a service answers, by one mandatory request that declares nothing and expires by itself. Give the
 * target the namespace and version that the service has, else it may log that it does not support them. What the broker
 * or the service does is part of the verdict, never thrown.
 * @throws InvalidTarget when the target has no topic.
 * @throws TypeError for an option that cannot be meant.
 * @example
 * const { verdict } = await probeService(transport, new Target({ topic: 'compute', exchange: 'nova' }), { timeoutMs: 5_000 });
 */
export async function probeService(
  transport: Transport,
  target: Target,
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  checkTarget(target);
  checkOptions('probeService', options, wanted);
  const { kind = 'auto', timeoutMs = 5_000 } = options;
  const exchange = target.exchange ?? transport.controlExchange;
  const routingKey = routingKeyOf(target);
  const started = now();
  let tookMs = 0;
  let isQueued = false;
  const found = (verdict: ProbeResult['verdict'], how: string, consumers?: number): ProbeResult => ({
    verdict,
    tookMs,
    how,
    ...definite({ consumers }),
  });
  try {
    // No call monitor, ever: a server that lacks the method would send signs of life for good.
    await callOver(transport, {
      method: methods[kind],
      args: kind === 'baseapi' ? { arg: 'watership' } : {},
      context: {},
      target: kind === 'baseapi' ? target.with({ namespace: 'baseapi', version: '1.1' }) : target,
      exchange,
      routingKey,
      timeoutMs,
      mandatory: true,
      patience: 'oneRound',
      onConfirmed: () => {
        isQueued = true;
      },
    });
    tookMs = now() - started;
    return found('alive', 'It answered.');
  } catch (reason) {
    tookMs = now() - started;
    if (reason instanceof RemoteError) {
      return found('alive', `It answered with ${reason.excType}, as a working service does.`);
    }
    if (reason instanceof BrokerUnreachable) {
      return found('unreachable', reason.message);
    }
    if (reason instanceof MessageUndeliverable) {
      return absent(await consumersOf(transport, routingKey));
    }
    if (reason instanceof MessagingTimeout) {
      return silent();
    }
    if (reason instanceof MessageDeliveryFailure && replyCodeOf(reason) === 404) {
      return found(
        'absent',
        `Exchange '${exchange}' does not exist.`,
        await consumersOf(transport, routingKey),
      );
    }
    return found('unreachable', `The request did not get through: ${reasonOf(reason)}`);
  }

  function absent(consumers: number | undefined): ProbeResult {
    const nowhere = `Exchange '${exchange}' has no queue bound for '${routingKey}'`;
    if (consumers === undefined) {
      return found('absent', `${nowhere}, and there is no queue of that name.`);
    }
    return found(
      'absent',
      `${nowhere}, although queue '${routingKey}' has ${counted(consumers, 'consumer')}.`,
      consumers,
    );
  }

  async function silent(): Promise<ProbeResult> {
    const blocked = transport.blockedBecause;
    if (blocked !== undefined) {
      return found('unreachable', `The broker accepts no messages now: ${blocked}.`);
    }
    if (!isQueued) {
      return found('unreachable', `The broker did not accept the request within ${span(timeoutMs)}.`);
    }
    const consumers = await consumersOf(transport, routingKey);
    const silence = `No answer within ${span(timeoutMs)}`;
    if (consumers === undefined) {
      return found('deaf', `${silence}.`);
    }
    return found(
      'deaf',
      `${silence}; queue '${routingKey}' has ${counted(consumers, 'consumer')}.`,
      consumers,
    );
  }
}

const longestLookMs = 2_000;

/** How many consumers the queue has; undefined when that cannot be told, or not soon. */
async function consumersOf(transport: Transport, queue: string): Promise<number | undefined> {
  const looked = lookForConsumers(transport, queue);
  return before(now() + longestLookMs, looked, () => new Error('no answer')).catch(() => undefined);
}

/** Looks without declaring the queue. */
async function lookForConsumers(transport: Transport, queue: string): Promise<number | undefined> {
  try {
    const model = await transport.link.connected(now() + 1_000, 'oneRound');
    const channel = await model.createChannel();
    // A missing queue closes the channel with an error, which is the answer.
    channel.on('error', () => {});
    try {
      return (await channel.checkQueue(queue)).consumerCount;
    } finally {
      await closeChannel(channel);
    }
  } catch {
    return undefined;
  }
}
