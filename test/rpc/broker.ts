import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { inject } from 'vitest';
import { waitFor } from '../../sandbox/wait.ts';
import {
  getTransport,
  type Transport,
  type TransportEvent,
  type TransportOptions,
} from '../../src/rpc/index.ts';

/** The throwaway broker, as tests use it. */
export interface TestBroker {
  /** A transport of its own, cleaned up with the broker. `where` is a virtual host and query, such as `/v?ssl=0`. */
  transport(
    options?: TransportOptions,
    where?: string,
  ): Transport & { readonly events: readonly TransportEvent[] };
  /** A name nobody else uses. */
  unique(name: string): string;
  /** Asks the management API. */
  manage(method: 'GET' | 'DELETE' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown>;
  /** Closes a transport's connection as an operator would, and waits until the transport has noticed. */
  cut(transport: Transport): Promise<void>;
  /** Does something on a plain channel. */
  raw<Result>(act: (channel: RawChannel) => Promise<Result>, virtualHost?: string): Promise<Result>;
  close(): Promise<void>;
}

type RawChannel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>;

/** Opens what the `service` tier has started. */
export function openTestBroker(): TestBroker {
  const amqpUrl = inject('amqpUrl');
  const { origin, username, password } = new URL(inject('managementUrl'));
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const transports: Transport[] = [];

  async function manage(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${origin}/api${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    const text = await answer.text();
    return text === '' ? undefined : JSON.parse(text);
  }

  return {
    unique: (name) => `${name}-${randomUUID().slice(0, 8)}`,
    manage,

    transport(options = {}, where = '') {
      const events: TransportEvent[] = [];
      const transport = getTransport(amqpUrl + where, {
        reconnect: { initialDelayMs: 20, maxDelayMs: 200 },
        ...options,
        onEvent: (event) => {
          events.push(event);
          options.onEvent?.(event);
        },
      });
      transports.push(transport);
      return Object.assign(transport, { events });
    },

    async cut(transport) {
      const gone = new Promise<void>((resolve) => {
        const stop = transport.link.onDown(() => {
          stop();
          resolve();
        });
      });
      const name = await until(async () => {
        const rows = await manage('GET', '/connections?columns=name,client_properties');
        const row = Array.isArray(rows)
          ? rows.find((each) => each.client_properties?.connection_name === transport.connectionName)
          : undefined;
        return typeof row?.name === 'string' ? String(row.name) : undefined;
      });
      await manage('DELETE', `/connections/${encodeURIComponent(name)}`);
      await gone;
    },

    async raw(act, virtualHost = '') {
      const model = await connect(amqpUrl + virtualHost, { noDelay: true });
      try {
        const channel = await model.createConfirmChannel();
        // The operation that the broker refused rejects as well.
        channel.on('error', () => {});
        return await act(channel);
      } finally {
        await model.close();
      }
    },

    async close() {
      await Promise.all(transports.splice(0).map((each) => each.cleanup()));
    },
  };
}

/** Asks again until there is an answer. For what the broker shows late: its statistics. */
export const until = <Value>(ask: () => Promise<Value | undefined>): Promise<Value> =>
  waitFor('what the broker shows late', ask, { withinMs: 15_000, everyMs: 50 });
