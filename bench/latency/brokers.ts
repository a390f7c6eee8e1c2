import { createServer } from 'node:http';
import process from 'node:process';
import { nodesOf, size } from './size.ts';

// A process of its own, with a port for each node: the management APIs of clusters that are full of zombie queues.
// Arguments: the ports, cluster by cluster.
const ports = process.argv.slice(2).map(Number);

const hex = (number: number): string => number.toString(16).padStart(32, '0');

function answersOf(cluster: number): Readonly<Record<string, string>> {
  const nodes = nodesOf(cluster);
  const zombies = Array.from({ length: size.zombiesPerCluster }, (_, index) => ({
    ...{ vhost: '/', name: `topic-${index}_fanout_${hex(index)}`, type: 'classic', state: 'running' },
    ...{ messages_ready: 5, messages_unacknowledged: 0, consumers: 0 },
  }));
  const read = Array.from({ length: size.readQueuesPerCluster }, (_, index) => ({
    ...{ vhost: '/', name: `service-${index}.host`, type: 'classic', state: 'running' },
    ...{ messages_ready: 0, messages_unacknowledged: 0, consumers: 1 },
  }));
  const connections = Array.from({ length: size.connectionsPerCluster }, (_, index) => ({
    ...{ name: `10.0.0.${index}:5000 -> 10.0.1.1:5672`, node: nodes[index % nodes.length], user: 'nova' },
    ...{ vhost: '/', channels: 4, channel_max: 2047, timeout: 60, state: 'running', peer_host: '10.0.0.1' },
  }));
  return {
    '/api/nodes': JSON.stringify(nodes.map((name) => ({ name, running: true, partitions: [], uptime: 9e6 }))),
    '/api/queues': JSON.stringify([...zombies, ...read]),
    '/api/consumers': JSON.stringify(read.map(({ name, vhost }) => ({ queue: { name, vhost } }))),
    '/api/connections': JSON.stringify(connections),
  };
}

let listening = 0;
for (const [index, port] of ports.entries()) {
  const cluster = Math.floor(index / size.nodesPerCluster);
  const node = nodesOf(cluster)[index % size.nodesPerCluster];
  const answers = answersOf(cluster);
  const overview = JSON.stringify({ node, rabbitmq_version: '3.12.1', object_totals: {} });
  createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = path === '/api/overview' ? overview : answers[path];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(body ?? '{"error":"Object Not Found","reason":"Not Found"}');
  }).listen(port, '127.0.0.1', () => {
    listening += 1;
    if (listening === ports.length) {
      process.send?.('ready');
    }
  });
}
