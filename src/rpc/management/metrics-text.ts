import type { QueueRow } from './api.ts';

type MutableRow = { -readonly [K in keyof QueueRow]: QueueRow[K] };

const READY = 'rabbitmq_detailed_queue_messages_ready{';
const UNACKNOWLEDGED = 'rabbitmq_detailed_queue_messages_unacked{';
const BUILD = 'rabbitmq_build_info{';
const VHOST = 'vhost="';
const BETWEEN = '",queue="';
const CLOSE = '"} ';

/**
 * Reads `/metrics/detailed` line by line into queue rows, for as long as text comes in. It holds the rows and at most
 * one broken line, never the answer.
 *
 * Before 3.11.24 and 3.12.7 the broker did not escape label values (rabbitmq-server#9656): a name with a quote or a
 * backslash in it can only be read when the version is known, and that stands at the end. Hence `finish`.
 */
export function readQueueMetrics(): {
  /** Takes whole lines, each ended by a newline. */
  take(lines: string): void;
  /** The rows, or undefined when this was not the text that we asked for. */
  finish(): QueueRow[] | undefined;
} {
  const rows = new Map<string, MutableRow>();
  const odd: MutableRow[] = [];
  let version = '';
  let isWellFormed = true;

  function take(lines: string): void {
    let from = 0;
    while (from < lines.length) {
      const newline = lines.indexOf('\n', from);
      const end = newline === -1 ? lines.length : newline;
      if (lines.startsWith(READY, from)) {
        sample(lines.slice(from + READY.length, end), 'ready');
      } else if (lines.startsWith(UNACKNOWLEDGED, from)) {
        sample(lines.slice(from + UNACKNOWLEDGED.length, end), 'unacknowledged');
      } else if (lines.startsWith(BUILD, from)) {
        version = versionIn(lines.slice(from, end));
      }
      from = end + 1;
    }
  }

  /** Takes `vhost="/",queue="reply_1"} 5`; names may hold anything, so the last closing counts. */
  function sample(line: string, field: 'ready' | 'unacknowledged'): void {
    const close = line.lastIndexOf(CLOSE);
    const value = close === -1 ? Number.NaN : Number(line.slice(close + CLOSE.length));
    const labels = line.slice(0, close);
    const row = rows.get(labels) ?? newRow(labels);
    if (row === undefined || Number.isNaN(value)) isWellFormed = false;
    else row[field] = value;
  }

  function newRow(labels: string): MutableRow | undefined {
    const between = labels.indexOf(BETWEEN);
    if (between === -1 || !labels.startsWith(VHOST)) return undefined;
    const row: MutableRow = {
      vhost: labels.slice(VHOST.length, between),
      name: labels.slice(between + BETWEEN.length),
    };
    rows.set(labels, row);
    if (labels.includes('\\')) odd.push(row);
    return row;
  }

  function finish(): QueueRow[] | undefined {
    if (!isWellFormed || version === '') return undefined;
    if (escapesLabels(version)) {
      for (const row of odd) {
        row.vhost = unescapeLabel(row.vhost);
        row.name = unescapeLabel(row.name);
      }
    }
    return [...rows.values()];
  }

  return { take, finish };
}

const versionIn = (line: string): string => /rabbitmq_version="([^"]*)"/.exec(line)?.[1] ?? '';

/** Does this version escape label values, as the Prometheus format wants it? */
export function escapesLabels(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  if (major !== 3) return major > 3;
  if (minor === 11) return patch >= 24;
  if (minor === 12) return patch >= 7;
  return minor > 12;
}

/** Undoes the three escapes of the Prometheus text format; any other backslash stands for itself. */
export const unescapeLabel = (label: string): string =>
  label.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
