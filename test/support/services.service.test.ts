import { createConnection } from 'node:net';
import { expect, inject, test } from 'vitest';

/** Sends a line to Redis and returns its first answer. */
function askRedis(url: string, line: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(port), hostname, () => socket.write(`${line}\r\n`));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(String(answer));
    });
  });
}

test('the Redis of the tests keeps every write and forgets nothing when memory is short', async () => {
  const url = inject('redisUrl');
  expect(await askRedis(url, 'CONFIG GET appendonly')).toContain('yes');
  expect(await askRedis(url, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
});

test('the RabbitMQ of the tests answers on its management port and on its metrics port', async () => {
  const { username, password, origin } = new URL(inject('managementUrl'));
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const overview = await fetch(`${origin}/api/overview`, { headers: { authorization } });
  expect(await overview.json()).toMatchObject({ node: 'rabbit@localhost' });
  const metrics = await fetch(`${inject('metricsUrl')}/metrics/detailed?family=queue_coarse_metrics`);
  expect(metrics.status).toBe(200);
});
