import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { MessagingError, parseJson, RemoteError, stringifyJson } from '../../../src/rpc/index.ts';

/** Answers one order a connection: a line of JSON in, a line of JSON out. Port and how to end it. */
export async function serveLines(
  carryOut: (command: string, given: unknown) => Promise<unknown>,
): Promise<{ readonly port: number; readonly end: () => Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    createInterface({ input: socket }).once('line', async (line) => {
      const order = parseJson(line);
      const answer = await carryOutOrder(order).then(
        (result) => ({ result: result ?? null }),
        (reason: unknown) => ({ raised: failureOf(reason) }),
      );
      socket.end(`${stringifyJson(answer)}\n`);
    });
  });
  async function carryOutOrder(order: unknown): Promise<unknown> {
    if (typeof order !== 'object' || order === null || !('do' in order) || !('with' in order)) {
      throw new Error('That is no order.');
    }
    return carryOut(String(order.do), order.with);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('A TCP server without a port.');
  }
  const end = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port: address.port, end };
}

/** A failure in the words that `functional.py` reads. */
function failureOf(reason: unknown): unknown {
  if (reason instanceof RemoteError) {
    return { name: reason.name, class: reason.excType, module: reason.module, message: reason.value };
  }
  const name = reason instanceof MessagingError ? reason.name : 'Error';
  return { name, message: reason instanceof Error ? reason.message : String(reason) };
}
