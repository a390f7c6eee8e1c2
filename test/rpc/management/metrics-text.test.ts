import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapesLabels, readQueueMetrics, unescapeLabel } from '../../../src/rpc/management/metrics-text.ts';

const build = (version: string): string =>
  `# TYPE rabbitmq_build_info untyped\nrabbitmq_build_info{rabbitmq_version="${version}",erlang_version="25.2.3"} 1\n`;

const type = '# TYPE rabbitmq_detailed_queue_messages_ready gauge\n';

interface Queue {
  readonly vhost: string;
  readonly name: string;
  readonly ready: number;
  readonly unacknowledged: number;
}

/** The text as the broker writes it: all queues of one metric, then all of the next. */
function written(queues: readonly Queue[], version: string): string {
  const label = escapesLabels(version)
    ? (text: string) => text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))
    : (text: string) => text;
  const metric = (name: string, value: (queue: Queue) => number): string =>
    [
      `# TYPE rabbitmq_detailed_queue_${name} gauge`,
      ...queues.map(
        (queue) =>
          `rabbitmq_detailed_queue_${name}{vhost="${label(queue.vhost)}",queue="${label(queue.name)}"} ${value(queue)}`,
      ),
      '',
    ].join('\n');
  return [
    metric('messages_ready', ({ ready }) => ready),
    metric('messages_unacked', ({ unacknowledged }) => unacknowledged),
    metric('messages', ({ ready, unacknowledged }) => ready + unacknowledged),
    metric('process_reductions_total', () => 4_711),
    build(version),
  ].join('');
}

function read(text: string) {
  const reader = readQueueMetrics();
  reader.take(Buffer.from(text));
  return reader.finish();
}

describe('the metrics of the queues', () => {
  test('become rows', () => {
    const queues = [
      { vhost: '/', name: 'compute', ready: 3, unacknowledged: 1 },
      { vhost: 'tenant', name: 'compute', ready: 0, unacknowledged: 0 },
    ];
    expect(read(written(queues, '3.10.8'))).toEqual(queues);
  });

  test('of a broker without queues are no rows, and not a failure', () => {
    expect(read(written([], '3.10.8'))).toEqual([]);
  });

  test('a name with quotes and backslashes is read as its version writes it', () => {
    const queues = [{ vhost: '/', name: 'we"ird\\name\\\\"} 7', ready: 1, unacknowledged: 2 }];
    expect(read(written(queues, '3.10.8'))).toEqual(queues);
    expect(read(written(queues, '3.13.7'))).toEqual(queues);
  });

  test('any names survive, in any version, cut anywhere', () => {
    // A newline cannot stand in a queue's name: the broker takes it out.
    const name = fc
      .oneof(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.string({ unit: fc.constantFrom('"', '\\', 'n', '}', '{', ' ', ',', '=', '🐇') }),
      )
      .map((text) => text.replace(/[\r\n]/g, ''));
    const queue = fc.record({
      vhost: name,
      name,
      ready: fc.integer({ min: 0 }),
      unacknowledged: fc.integer({ min: 0 }),
    });
    const queues = fc
      .array(queue, { maxLength: 20 })
      .map((list) => [
        ...new Map(list.map((each) => [JSON.stringify([each.vhost, each.name]), each])).values(),
      ]);
    fc.assert(
      fc.property(
        queues,
        fc.constantFrom('3.10.8', '3.11.23', '3.12.7', '4.0.5'),
        fc.integer({ min: 1, max: 200 }),
        (list, version, step) => {
          const reader = readQueueMetrics();
          const bytes = Buffer.from(written(list, version));
          for (let from = 0; from < bytes.length; from += step) {
            reader.take(bytes.subarray(from, from + step));
          }
          expect(reader.finish()).toEqual(list);
        },
      ),
    );
  });

  test('some other text is not taken for metrics', () => {
    expect(read('<html>\n')).toBeUndefined();
    expect(read('# TYPE go_threads gauge\ngo_threads 12\n')).toBeUndefined();
    expect(
      read(`${type}rabbitmq_detailed_queue_messages_ready{queue="a",vhost="/"} 1\n${build('5.0.0')}`),
    ).toBeUndefined();
    expect(
      read(`${type}rabbitmq_detailed_queue_messages_ready{vhost="/",queue="a"} x\n${build('5.0.0')}`),
    ).toBeUndefined();
  });

  test('an answer that ended early, before the version, is not a whole one', () => {
    expect(read(`${type}rabbitmq_detailed_queue_messages_ready{vhost="/",queue="a"} 1\n`)).toBeUndefined();
  });
});

test.each([
  ['3.9.29', false],
  ['3.10.8', false],
  ['3.11.23', false],
  ['3.11.24', true],
  ['3.12.6', false],
  ['3.12.7', true],
  ['3.13.0', true],
  ['4.0.5', true],
  ['4.1.0-beta.2', true],
])('RabbitMQ %s escapes labels: %s', (version, expected) => {
  expect(escapesLabels(version)).toBe(expected);
});

test('only the three escapes of the format are undone', () => {
  expect(unescapeLabel('a\\\\b\\"c\\nd\\x')).toBe('a\\b"c\nd\\x');
});
