import { metrics } from '../../src/bot/health/metrics.ts';
import { code, markdownTable, opening } from './table.ts';

/** Page `docs/metrics.md`: every metric of `/metrics`. */
export function metricsPage(): string {
  return [
    ...opening('Metrics', code('src/bot/health/metrics.ts')),
    'The bot serves them at `/metrics` of its [health port](operations.md#health-and-metrics), as Prometheus text. Counters',
    'begin at 0 with the process. Where nothing is known a metric is absent, never 0.',
    '',
    ...markdownTable(
      ['metric', 'type', 'labels', 'meaning'],
      metrics.map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), help]),
    ),
    '',
  ].join('\n');
}
