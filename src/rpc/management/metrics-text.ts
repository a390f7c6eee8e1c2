import type { QueueRow } from './api.ts';

type MutableRow = { -readonly [K in keyof QueueRow]: QueueRow[K] };

const PREFIX = 'rabbitmq_detailed_queue_';
const FIELDS = {
  messages_ready: 'ready',
  messages_unacked: 'unacknowledged',
  consumers: 'consumers',
} as const satisfies Record<string, keyof QueueRow>;
const BUILD = 'rabbitmq_build_info{';
const BETWEEN = '",queue="';

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
      if (lines.startsWith(PREFIX, from)) sample(lines.slice(from + PREFIX.length, end));
      else if (lines.startsWith(BUILD, from)) version = versionIn(lines.slice(from, end));
      from = end + 1;
    }
  }

  function sample(line: string): void {
    const brace = line.indexOf('{');
    const metric = brace === -1 ? '' : line.slice(0, brace);
    if (!isField(metric)) return;
    const between = line.indexOf(BETWEEN, brace);
    const close = line.lastIndexOf('"} ');
    const value = Number(line.slice(close + 3));
    if (between === -1 || close < between || !line.startsWith('vhost="', brace + 1) || Number.isNaN(value)) {
      isWellFormed = false;
      return;
    }
    rowAt(line.slice(brace + 8, between), line.slice(between + BETWEEN.length, close))[FIELDS[metric]] =
      value;
  }

  function rowAt(vhost: string, name: string): MutableRow {
    // The text between the labels cannot be part of a name that the broker escapes, so it makes a safe key.
    const key = `${vhost}${BETWEEN}${name}`;
    const known = rows.get(key);
    if (known !== undefined) return known;
    const row: MutableRow = { vhost, name };
    rows.set(key, row);
    if (key.includes('\\')) odd.push(row);
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

const isField = (metric: string): metric is keyof typeof FIELDS => Object.hasOwn(FIELDS, metric);

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
