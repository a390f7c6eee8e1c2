import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import type { AxiosInstance, AxiosRequestConfig, CreateAxiosDefaults } from 'axios';
import { InvalidTlsOptions } from '../errors.ts';
import type { TlsOptions } from '../options/options.ts';
import { connectOptionsOf } from '../tls/connect-options.ts';
import { tlsProblem } from '../tls/pem.ts';
import type { RequestLimits } from './api.ts';
import { failureOf, ManagementError } from './errors.ts';

/** A hundred thousand queues are about 15 MB of totals; four times that is no listing but a fault. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** A sweep has five requests to a node under way at most; a look of a runbook some more. */
const SOCKETS_PER_NODE = 8;

export interface HttpEndpoint {
  readonly node: string;
  /** `https://10.3.0.44:15671`; a path is kept as prefix, a user in it is ignored. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Used with `https:`. */
  readonly tls?: Omit<TlsOptions, 'enabled'>;
}

export interface Ask {
  readonly method: 'GET' | 'DELETE' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Lets the broker compress its answer: fewer bytes on the wire for more of the broker's processor time. */
  readonly gzip?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** One node's HTTP port: keep-alive, no proxy, no redirects, and a limit on the whole answer, not on its first byte. */
export interface Http {
  readonly node: string;
  ask(ask: Ask, limits: RequestLimits): Promise<HttpAnswer>;
  /** Hands the answer's body over while it arrives; `read` must consume it, and the limit covers that too. */
  stream<T>(
    ask: Ask,
    limits: RequestLimits,
    read: (body: Readable, status: number) => Promise<T>,
  ): Promise<T>;
  portOpen(limits: RequestLimits): Promise<boolean>;
  /** Takes this login's own password out of what the broker said: before it is cut, or half of it could stay. */
  withoutPassword(text: string): string;
}

/** Opens no connection yet: the first request does. Throws InvalidTlsOptions. */
export function openHttp(endpoint: HttpEndpoint): Http {
  const { node } = endpoint;
  const url = new URL(endpoint.url);
  const wrong = tlsProblem(endpoint.tls ?? {});
  if (wrong) {
    throw new InvalidTlsOptions(`The option tls.${wrong.field} for ${node} ${wrong.problem}.`);
  }
  const defaults = defaultsOf(endpoint, url);
  let opening: Promise<AxiosInstance> | undefined;
  // Loaded for the first request, and before its time begins: who lists runbooks asks no broker.
  const opened = () => {
    opening ??= import('axios').then(({ default: axios }) => axios.create(defaults));
    return opening;
  };

  async function limited<T>(
    ask: Ask,
    limits: RequestLimits,
    go: (client: AxiosInstance, signal: AbortSignal) => Promise<T>,
  ) {
    const client = await opened();
    const deadline = deadlineOf(limits);
    try {
      return await go(client, deadline.signal);
    } catch (thrown) {
      if (thrown instanceof ManagementError) {
        throw thrown;
      }
      const { why, came } = failureOf(thrown, deadline.hasPassed() ? limits.timeoutMs : undefined);
      throw new ManagementError(why, came, { node, method: ask.method, path: ask.path });
    } finally {
      deadline.release();
    }
  }

  return {
    node,
    ask: (ask, limits) =>
      limited(ask, limits, async (client, signal) => {
        const config: AxiosRequestConfig = { ...configOf(ask), responseType: 'text', signal };
        const response = await onceMoreIfStale(ask, () => client.request<string>(config));
        return { status: response.status, text: response.data };
      }),
    stream: (ask, limits, read) =>
      limited(ask, limits, async (client, signal) => {
        const config: AxiosRequestConfig = { ...configOf(ask), responseType: 'stream', signal };
        const response = await onceMoreIfStale(ask, () => client.request<Readable>(config));
        const stop = () => response.data.destroy(new Error('the deadline passed'));
        signal.addEventListener('abort', stop, { once: true });
        try {
          return await read(response.data, response.status);
        } finally {
          signal.removeEventListener('abort', stop);
          // Nothing to do for a body that was read to its end; an abandoned one must not hold its socket.
          if (!response.data.readableEnded) {
            response.data.destroy();
          }
        }
      }),
    portOpen: (limits) => opens(url, limits),
    withoutPassword: (text) => withoutPassword(endpoint, text),
  };
}

/** A shorter one would blank out words that are none. */
const SHORTEST_PASSWORD = 6;

function withoutPassword({ username = '', password = '' }: HttpEndpoint, text: string): string {
  if (password.length < SHORTEST_PASSWORD) {
    return text;
  }
  const login = Buffer.from(`${username}:${password}`).toString('base64');
  return [password, encodeURIComponent(password), login].reduce(
    (current, secret) => current.replaceAll(secret, '…'),
    text,
  );
}

/** Percent-encodes a name for one segment of a path. Refuses the two names that no URL can carry. */
export function segment(name: string): string {
  // A URL drops `.` and `..` even when they are encoded, and the request would reach something else.
  if (name === '.' || name === '..') {
    throw new RangeError(`The name "${name}" cannot be used in a URL`);
  }
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function defaultsOf(endpoint: HttpEndpoint, url: URL): CreateAxiosDefaults {
  const keepAlive = { keepAlive: true, maxSockets: SOCKETS_PER_NODE, scheduling: 'lifo' as const };
  const { username, password } = endpoint;
  return {
    baseURL: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`,
    httpAgent: new Agent(keepAlive),
    httpsAgent: new TlsAgent({ ...keepAlive, ...connectOptionsOf(endpoint.tls ?? {}) }),
    ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: LARGEST_ANSWER_BYTES,
    // Every status is an answer: this room says what it means. And JSON is parsed here, where a failure can be told.
    validateStatus: () => true,
    transformResponse: [(text: unknown) => text],
  };
}

const configOf = (ask: Ask): AxiosRequestConfig => ({
  method: ask.method,
  url: ask.path,
  ...(ask.body === undefined ? {} : { data: JSON.stringify(ask.body) }),
  headers: {
    ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
    // Anything: for a path that it does not know, the broker would answer a narrower wish with 406 instead of 404.
    accept: '*/*',
    'accept-encoding': ask.gzip === true ? 'gzip' : 'identity',
    ...ask.headers,
  },
});

/** The broker closes idle connections; a request that met the closing on a kept one is asked again, if it only reads. */
async function onceMoreIfStale<T>(ask: Ask, go: () => Promise<T>): Promise<T> {
  try {
    return await go();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const isStale = code === 'ECONNRESET' || code === 'EPIPE';
    if (!isStale || ask.method !== 'GET') {
      throw thrown;
    }
    return await go();
  }
}

/** One signal for the caller's wish to stop and for the time limit, and which of the two it was. */
function deadlineOf({ timeoutMs, signal }: RequestLimits) {
  const controller = new AbortController();
  let passed = false;
  const stop = () => controller.abort();
  const timer = setTimeout(
    () => {
      passed = true;
      stop();
    },
    Math.max(0, timeoutMs),
  );
  if (signal?.aborted === true) {
    stop();
  }
  signal?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    hasPassed: () => passed,
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}

function opens(url: URL, limits: RequestLimits): Promise<boolean> {
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  // An IPv6 address stands in brackets in a URL, and without them in a socket.
  const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port });
  const deadline = deadlineOf(limits);
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    deadline.signal.addEventListener('abort', () => resolve(false), { once: true });
    if (deadline.signal.aborted) {
      resolve(false);
    }
  }).finally(() => {
    deadline.release();
    socket.destroy();
  });
}
