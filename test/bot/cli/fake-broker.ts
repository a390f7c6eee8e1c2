import { once } from 'node:events';
import { createServer } from 'node:http';

/** The management API of a quiet one-node broker on the loopback; `answers` replaces the body of a path; `isRefused` refuses every password. */
export interface FakeBroker extends AsyncDisposable {
  readonly url: string;
}

export async function fakeBroker(
  answers: Readonly<Record<string, unknown>> = {},
  { isRefused = false }: { readonly isRefused?: boolean } = {},
): Promise<FakeBroker> {
  const node = {
    name: 'rabbit@a',
    running: true,
    partitions: [],
    uptime: 86_400_000,
    mem_alarm: false,
    disk_free_alarm: false,
  };
  const bodies: Readonly<Record<string, unknown>> = {
    '/api/nodes': [node],
    '/api/overview': {
      node: 'rabbit@a',
      rabbitmq_version: '3.10.8',
      erlang_version: '25.2',
      statistics_db_event_queue: 0,
      object_totals: { queues: 0, connections: 0, channels: 0 },
    },
    '/api/queues': [],
    '/api/consumers': [],
    '/api/connections': [],
    '/api/whoami': { name: 'watership', tags: ['administrator'] },
    ...answers,
  };
  const server = createServer((request, response) => {
    const body = isRefused ? { error: 'not_authorized' } : bodies[request.url?.split('?')[0] ?? ''];
    response.writeHead(isRefused ? 401 : body === undefined ? 404 : 200, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(body ?? { error: 'Object Not Found', reason: 'Not Found' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
