import type { Readable } from 'node:stream';
import type { MetricsApi, QueueRow } from './api.ts';
import { ManagementError } from './errors.ts';
import { type Ask, openHttp } from './http.ts';
import { readQueueMetrics } from './metrics-text.ts';

/**
 * The depths alone. The family `queue_consumer_count` would cost the broker twice as much again, and the consumers'
 * listing, which a sweep wants anyway, counts them too. Not compressed: that doubles the cost as well.
 */
const ASK: Ask = { method: 'GET', path: '/metrics/detailed?family=queue_coarse_metrics' };

/** A line is one queue's name and a number; names have 255 bytes at most, and twice that when escaped. */
const LONGEST_LINE_BYTES = 16_384;
const NEWLINE = 0x0a;

/** The Prometheus endpoint of one node, `http://10.3.0.44:15692`. It asks for no password. */
export function openMetrics(endpoint: {
  readonly node: string;
  readonly url: string;
  readonly ca?: string;
}): MetricsApi {
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
        const rows = await rowsIn(body);
        if (rows === undefined) throw failed('not-json', 'the answer is not the metrics of RabbitMQ', status);
        return rows;
      }),
  };
}

/** Reads at the pace of the parser: the next chunk is asked for when this one is done. */
async function rowsIn(body: Readable): Promise<readonly QueueRow[] | undefined> {
  const reader = readQueueMetrics();
  let rest: Buffer | undefined;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) return undefined;
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    const last = bytes.lastIndexOf(NEWLINE);
    // Cut at a newline, so that no character is ever torn apart.
    reader.take(bytes.toString('utf8', 0, last + 1));
    rest = last + 1 === bytes.length ? undefined : bytes.subarray(last + 1);
    if (rest !== undefined && rest.length > LONGEST_LINE_BYTES) return undefined;
  }
  // Text without its last newline was cut short.
  return rest === undefined ? reader.finish() : undefined;
}
