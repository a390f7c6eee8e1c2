import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts } from '../../../sandbox/cluster.ts';

/** A request that changes something, as it passed by. */
export interface Passed {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** What the far side answered. Absent: it never answered, or was never asked. */
  readonly status?: number;
}

/** How a door treats who comes. */
export type Mood =
  | { readonly kind: 'open' }
  | { readonly kind: 'answers'; readonly status: 429 | 500 | 503 }
  | { readonly kind: 'hangs' };

/** Where a caller is caught: before the far side hears of it, or when it has answered. */
export type Moment = 'before' | 'after';

/** A way to an HTTP server of this machine that writes down what passes, may be in a bad mood, and may catch a caller. */
export interface Door {
  readonly port: number;
  readonly passed: readonly Passed[];
  setMood(mood: Mood): void;
  /** Resolves when somebody who changes something is caught; their answer never comes. */
  catchNext(moment: Moment): Promise<Passed>;
  /** Lets everybody through again. */
  catchNobody(): void;
  close(): Promise<void>;
}

interface Trap {
  readonly moment: Moment;
  readonly spring: (passed: Passed) => void;
}

const FAR_SIDE_AGAIN_MS = 200;

/** Opens one. `isNoted`: what changes something. While the far side refuses connections the door refuses them too. */
export async function openDoor(
  farPort: number,
  isNoted: (method: string, path: string) => boolean,
): Promise<Door> {
  const agent = new Agent({ keepAlive: true });
  const passed: Passed[] = [];
  let mood: Mood = { kind: 'open' };
  let trap: Trap | undefined;
  let isClosed = false;
  let isShut = false;
  const server = createServer((near, answer) => {
    answer.on('error', () => {});
    near.on('error', () => {});
    void treat(near, answer);
  });
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  async function treat(near: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of near) {
      chunks.push(Buffer.from(chunk));
    }
    switch (mood.kind) {
      case 'hangs':
        return;
      case 'answers':
        answer.writeHead(mood.status, { 'content-type': 'application/json', 'retry-after': '1' });
        answer.end('{"ok":false,"error":"fatal_error"}');
        return;
      case 'open':
        await pass(near, Buffer.concat(chunks), answer);
    }
  }

  async function pass(near: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = near;
    const isChange = isNoted(method, path);
    const caught = isChange ? trap : undefined;
    const seen = { atMs: Date.now(), method, path };
    if (caught?.moment === 'before') {
      trap = undefined;
      passed.push(seen);
      caught.spring(seen);
      return;
    }
    try {
      const far = await ask(method, path, near, body);
      const noted: Passed = { ...seen, status: far.statusCode ?? 0 };
      if (isChange) {
        passed.push(noted);
      }
      if (caught !== undefined && trap === caught) {
        trap = undefined;
        far.resume();
        caught.spring(noted);
        return;
      }
      answer.writeHead(far.statusCode ?? 502, far.headers);
      far.on('error', () => answer.destroy());
      far.pipe(answer);
    } catch (error) {
      if (isChange) {
        passed.push(seen);
      }
      answer.destroy();
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
        void shut();
      }
    }
  }

  function ask(method: string, path: string, near: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const far = requestOf(
        {
          ...{ host: '127.0.0.1', port: farPort, method, path, agent },
          headers: { ...near.headers, host: `127.0.0.1:${farPort}` },
        },
        resolve,
      );
      far.once('error', reject);
      far.end(body);
    });
  }

  async function shut(): Promise<void> {
    if (isShut || isClosed) {
      return;
    }
    isShut = true;
    server.close();
    server.closeAllConnections();
    while (!isClosed && !(await accepts(farPort))) {
      await sleep(FAR_SIDE_AGAIN_MS);
    }
    isShut = false;
    if (!isClosed) {
      server.listen(port, '127.0.0.1');
    }
  }

  return {
    port,
    passed,
    setMood: (next) => {
      mood = next;
    },
    catchNext: (moment) =>
      new Promise((resolve) => {
        trap = { moment, spring: resolve };
      }),
    catchNobody: () => {
      trap = undefined;
    },
    async close() {
      isClosed = true;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}
