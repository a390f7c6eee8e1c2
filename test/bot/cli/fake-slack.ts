import { once } from 'node:events';
import { createServer } from 'node:http';

export interface FakeSlack extends AsyncDisposable {
  readonly url: string;
}

/** A Slack Web API on the loopback: `answers` by `method`, or by `method argument` where it matters whom it is about. */
export async function fakeSlack(answers: Readonly<Record<string, object>> = {}): Promise<FakeSlack> {
  const known: Readonly<Record<string, object>> = {
    'auth.test': { ok: true, user: 'watership', team: 'Meadow' },
    'apps.connections.open': { ok: true, url: 'ws://127.0.0.1:1' },
    'conversations.info': { ok: true, channel: { id: 'C0ALERTS', name: 'alerts', is_member: true } },
    'users.info': { ok: true, user: { id: 'U0ALICE', real_name: 'Alice' } },
    ...answers,
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) {
      body += String(part);
    }
    const method = request.url?.replace('/api/', '') ?? '';
    const given = new URLSearchParams(body);
    const about = given.get('channel') ?? given.get('user') ?? given.get('usergroup') ?? '';
    const answer = known[`${method} ${about}`] ?? known[method] ?? { ok: false, error: 'unknown_method' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  return {
    url: `http://127.0.0.1:${address.port}/api/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
