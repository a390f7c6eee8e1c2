import { describe, expect, test } from 'vitest';
import { ManagementError, openMetrics } from '../../../src/rpc/index.ts';
import { answer, cutting, hanging, openFakeNode, type Route, stalling } from './fake-node.ts';

const limits = { timeoutMs: 5_000 };
const line = (name: string, ready: number): string =>
  `rabbitmq_detailed_queue_messages_ready{vhost="/",queue="${name}"} ${ready}\n`;
const type = '# TYPE rabbitmq_detailed_queue_messages_ready gauge\n';
const build = '# TYPE rabbitmq_build_info untyped\nrabbitmq_build_info{rabbitmq_version="3.10.8"} 1\n';

async function asked(route: Route, timeoutMs = limits.timeoutMs) {
  await using node = await openFakeNode({ '/metrics/detailed': route });
  return await openMetrics({ node: 'rabbit@server-44', url: node.url })
    .queues({ timeoutMs })
    .catch((error: unknown) => (error instanceof ManagementError ? error.why : Promise.reject(error)));
}

describe('the Prometheus endpoint', () => {
  test('is read while it arrives, wherever the network cuts it', async () => {
    const text = Buffer.from(type + line('é🐇', 1) + line('compute', 2) + build);
    const byteByByte: Route = (_, response) => {
      response.writeHead(200);
      for (const byte of text) {
        response.write(Buffer.from([byte]));
      }
      response.end();
    };
    expect(await asked(byteByByte)).toEqual([
      { vhost: '/', name: 'é🐇', ready: 1 },
      { vhost: '/', name: 'compute', ready: 2 },
    ]);
  });

  test.each([
    ['rabbit@server-44', [{ vhost: '/', name: 'compute', ready: 2 }]],
    ['rabbit@server-45', 'http-error'],
  ])('of the node %s are taken for those of rabbit@server-44 only if they are', async (name, expected) => {
    const identity = `# TYPE rabbitmq_identity_info untyped\nrabbitmq_identity_info{rabbitmq_node="${name}",rabbitmq_cluster="c"} 1\n`;
    expect(await asked(answer(200, type + line('compute', 2) + build + identity))).toEqual(expected);
  });

  test('large answers pass through at the pace of the reader', async () => {
    const queues = 20_000;
    const text =
      type + Array.from({ length: queues }, (_, index) => line(`reply_${index}`, index)).join('') + build;
    const rows = await asked(answer(200, text));
    expect(rows).toHaveLength(queues);
  });

  test.each([
    ['an endpoint that is not there', answer(404, ''), 'http-error'],
    ['one that wants a password', answer(401, ''), 'unauthorized'],
    ['a page of something else', answer(200, '<html>\n</html>\n'), 'not-json'],
    ['a last line without its end', answer(200, build + line('a', 1).trimEnd()), 'not-json'],
    ['a line without end', answer(200, 'x'.repeat(200_000)), 'not-json'],
    ['an answer that is cut off', cutting(line('a', 1)), 'unreachable'],
  ])('%s', async (_, route, why) => {
    expect(await asked(route)).toBe(why);
  });

  test.each([
    ['one that hangs', hanging],
    ['one that stops in the middle', stalling(line('a', 1))],
  ])('%s costs no more than its limit', async (_, route) => {
    expect(await asked(route, 50)).toBe('timeout');
  });
});
