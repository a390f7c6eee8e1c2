import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Breaker, messageOf, type Said } from './breaker.ts';
import type { HostOperations } from './host-operations.ts';

/** What the control port leads to. */
export interface Controlled {
  readonly breaker: Breaker;
  readonly operations: HostOperations;
  readonly status: () => Promise<string>;
  readonly stop: () => void;
}

/**
 * Opens the port by which a second terminal, `/rabbit break` and the bot's host commands drive the sandbox:
 * POST /break {fault}, /heal {fault?}, /stop, /node/<verb> {node, peer?}, /service/<verb> {service, pid?}, and GET /status.
 * Every answer is `{ "ok": …, "text": … }`, 200 when ok and 400 when not.
 */
export function openControl(port: number, controlled: Controlled): Promise<{ readonly url: string }> {
  const server = createServer((request, response) => {
    void answer(request, controlled)
      .catch((error: unknown) => ({ ok: false, text: messageOf(error) }))
      .then((said) => send(response, said));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // A node may take a minute to start; the caller knows how long to wait.
    server.requestTimeout = 0;
    server.listen(port, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${port}` }));
  });
}

async function answer(request: IncomingMessage, controlled: Controlled): Promise<Said> {
  const path = new URL(request.url ?? '/', 'http://sandbox').pathname;
  if (request.method === 'GET' && path === '/status') {
    return { ok: true, text: await controlled.status() };
  }
  // A page in the browser can send a POST here, but not with this content type.
  if (request.method !== 'POST' || !request.headers['content-type']?.startsWith('application/json')) {
    return { ok: false, text: 'Send a POST with the content type application/json.' };
  }
  const body = await readBody(request);
  const [, kind, verb] = path.split('/');
  switch (kind) {
    case 'break':
      return controlled.breaker.break(text(body, 'fault') ?? '');
    case 'heal':
      // Without a fault: everything. An empty one is what a terminal sends when none was typed.
      return controlled.breaker.heal(text(body, 'fault') || undefined);
    case 'stop':
      setImmediate(controlled.stop);
      return { ok: true, text: 'The sandbox stops.' };
    case 'node':
    case 'service':
      return controlled.operations.run(`${kind}.${verb ?? ''}`, {
        ...only('node', text(body, 'node')),
        ...only('peer', text(body, 'peer')),
        ...only('service', text(body, 'service')),
        ...pidIn(body),
      });
    default:
      return { ok: false, text: `The sandbox does not know ${path}` };
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: string[] = [];
  for await (const chunk of request) {
    chunks.push(String(chunk));
  }
  const body: unknown = JSON.parse(chunks.join('') || '{}');
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function text(body: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = body[key];
  return typeof value === 'string' ? value : undefined;
}

function pidIn({ pid }: Readonly<Record<string, unknown>>): { readonly pid?: number } {
  return typeof pid === 'number' ? { pid } : {};
}

function only<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: string });
}

function send(response: ServerResponse, said: Said): void {
  response.writeHead(said.ok ? 200 : 400, { 'content-type': 'application/json' });
  response.end(JSON.stringify(said));
}
