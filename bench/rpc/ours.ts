import type * as Rpc from '../../src/rpc/index.ts';
import { drive, PAYLOAD, type Work } from './work.ts';

/** `ours.ts serve|drive <url> <topic>`: a server or a client of our messaging core. Takes orders over its channel. */
const [role, url = '', topic = ''] = process.argv.slice(2);
// The package as it is built and shipped: the loader that runs the sources puts work of its own into every call.
const built = new URL('../../dist/rpc/index.js', import.meta.url).href;
const { getRpcClient, getRpcServer, getTransport, Target }: typeof Rpc = await import(built);
const transport = getTransport(url, { controlExchange: `exchange-${topic}` });

if (role === 'serve') {
  const endpoint = { echo: (_context: unknown, { text }: { text: unknown }) => text, note: () => undefined };
  await getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]).start();
} else {
  const client = getRpcClient(transport, new Target({ topic }), { timeoutMs: 30_000 });
  process.on('message', (work: Work) => {
    const once =
      work.mode === 'call'
        ? () => client.call({}, 'echo', { text: PAYLOAD })
        : () => client.cast({}, 'note', { text: PAYLOAD });
    void drive(work, once).then((worked) => process.send?.(worked));
  });
}
process.send?.('ready');
process.once('disconnect', () => process.exit(0));
