import { getNotificationListener, getTransport, Target, type Transport } from '../../src/rpc/index.ts';
import { flood, leakChannels } from './misbehave.ts';
import { isServiceOrder } from './order.ts';
import { serve } from './serve.ts';
import { speak } from './speak.ts';
import { serviceTable } from './table.ts';

// One process of one service: node --import tsx service.ts <name> <host> <transport URL>
const [name = '', host = '', url = ''] = process.argv.slice(2);
const service = serviceTable.find((candidate) => candidate.name === name);
if (service === undefined) {
  throw new Error(`There is no service ${JSON.stringify(name)}`);
}
process.title = name;

const transport = getTransport(url, {
  connectionName: name,
  // The default of RabbitMQ's half hour would let zombie queues go by themselves; in a cloud they are worse than that.
  queues: { transientExpiresMs: 0 },
  onEvent: (event) => console.log(new Date().toISOString(), JSON.stringify(event)),
});

const handlers = await serve(transport, service, host);
if (service.reads !== undefined) {
  await readNotifications(transport, service.reads);
}
speak(transport, service, host);
process.send?.({ is: 'ready' });

process.on('message', (order) => {
  if (!isServiceOrder(order)) {
    return;
  }
  switch (order.do) {
    case 'hang':
      return handlers.hang();
    case 'leak':
      return leakChannels(transport, order);
    case 'flood':
      return flood(transport, order);
  }
});
// An orderly end takes the fanout queue along; a kill leaves it behind.
process.on('SIGTERM', () => void transport.cleanup().then(() => process.exit(0)));
// The sandbox is gone.
process.on('disconnect', () => process.exit(0));

/** Somebody must read them, or their queue would fill and be a finding of its own. */
async function readNotifications(from: Transport, topic: string): Promise<void> {
  const listener = getNotificationListener(from, [new Target({ topic })], [{ info: () => 'handled' }]);
  await listener.start();
}
