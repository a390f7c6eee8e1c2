import type { Readable } from 'node:stream';
import { definite } from '../definite.ts';
import type { MetricsApi, QueueRow } from './api.ts';
import { ManagementError } from './errors.ts';
import { type Ask, type HttpEndpoint, openHttp } from './http.ts';
import { readQueueMetrics } from './metrics-text.ts';

/**
 * The depths alone. The family `queue_consumer_count` would cost the broker twice as much again, and the consumers'
 * listing, which a sweep wants anyway, counts them too. Not compressed: that doubles the cost as well.
 */
const ASK: Ask = { method: 'GET', path: '/metrics/detailed?family=queue_coarse_metrics' };

/**
 * Prometheus endpoint of one node, such as `http://10.3.0.44:15692`. It asks for no password.
 * @throws ManagementError, from every method, when there is no usable answer.
 */
export function openMetrics(endpoint: Pick<HttpEndpoint, 'node' | 'url' | 'tls'>): MetricsApi {
  const http = openHttp(endpoint);
  const { node } = endpoint;
  const failed = (why: 'http-error' | 'unauthorized' | 'not-json', came: string, status: number) =>
    new ManagementError(why, came, { node, method: ASK.method, path: ASK.path, status });

  return {
    node,
    queues: (limits) =>
      http.stream(ASK, limits, async (body, status) => {
        if (status !== 200) {
          throw failed(
            status === 401 || status === 403 ? 'unauthorized' : 'http-error',
            `HTTP ${status}`,
            status,
          );
        }
        const read = await rowsIn(body);
        if (read === undefined) {
          throw failed('not-json', 'the answer is not the metrics of RabbitMQ', status);
        }
        // Another node's queues would stand for this one's, which nobody reads then.
        const { rows, writer = node } = read;
        if (writer !== node) {
          throw failed('http-error', `the node ${writer} answers at this address`, status);
        }
        return rows;
      }),
  };
}

/** Reads at the pace of the parser: the next chunk is asked for when this one is done. */
async function rowsIn(
  body: Readable,
): Promise<{ readonly rows: readonly QueueRow[]; readonly writer?: string } | undefined> {
  const reader = readQueueMetrics();
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk) || !reader.take(chunk)) {
      return undefined;
    }
  }
  const rows = reader.finish();
  const writer = reader.writer();
  return rows && { rows, ...definite({ writer }) };
}
