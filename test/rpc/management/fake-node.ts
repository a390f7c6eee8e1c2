import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What a fake node answers to one path: JSON with status 200, or whatever the function does. */
export type Route = object | ((request: IncomingMessage, response: ServerResponse) => void);

export interface FakeNode extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** `METHOD path` of every request, in order. */
  readonly requests: string[];
  readonly headers: IncomingMessage['headers'][];
}

/** An HTTP server on loopback that answers by path, without the query; anything else is the broker's 404. */
export async function openFakeNode(routes: Readonly<Record<string, Route>>): Promise<FakeNode> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server: Server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push(`${request.method} ${url}`);
    headers.push(request.headers);
    const route = routes[url.replace(/\?.*$/, '')];
    if (typeof route === 'function') {
      route(request, response);
    } else if (route === undefined) {
      answer(404, { error: 'Object Not Found', reason: 'Not Found' })(request, response);
    } else {
      answer(200, route)(request, response);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The fake node has no port');
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const answer =
  (status: number, body: object | string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** Takes the request and says nothing. */
export const hanging = (): void => undefined;

/** Sends a beginning and stops there, with the connection open. */
export const stalling =
  (beginning: string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200);
    response.write(beginning);
  };

/** Sends a beginning and drops the connection. */
export const cutting =
  (beginning: string) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': '100000' });
    response.write(beginning, () => response.destroy());
  };
