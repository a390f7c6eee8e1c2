import type { QueueRow } from './api.ts';

type MutableRow = { -readonly [K in keyof QueueRow]: QueueRow[K] };
type Field = 'ready' | 'unacknowledged';
type Family = Field | 'build' | 'identity';

/** The families that are read, by their names; a family's lines stand together, after its `# TYPE`. */
const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['rabbitmq_detailed_queue_messages_ready', 'ready'],
  ['rabbitmq_detailed_queue_messages_unacked', 'unacknowledged'],
  ['rabbitmq_build_info', 'build'],
  ['rabbitmq_identity_info', 'identity'],
]);
const VHOST = 'vhost="';
const BETWEEN = '",queue="';
const CLOSE = '"} ';
const NEWLINE = 0x0a;
const HASH = 0x23;
/** A line is one queue's name and a number; names have 255 bytes at most, and twice that when escaped. */
const LONGEST_LINE_BYTES = 16_384;

/**
 * Reads `/metrics/detailed` into queue rows for as long as bytes come in. It holds the rows and at most one broken line,
 * never the answer, and makes strings only of the lines that it wants: half of them.
 *
 * Before 3.11.24 and 3.12.7 the broker did not escape label values (rabbitmq-server#9656): a name with a backslash in it
 * can only be read when the version is known, and that stands at the end. Hence `finish`.
 */
export function readQueueMetrics(): {
  /** Takes the next bytes, cut anywhere. False: this is not the text that we asked for, and the rest need not come. */
  take(chunk: Buffer): boolean;
  /** The rows, or undefined when this was not the text that we asked for, or not all of it. */
  finish(): QueueRow[] | undefined;
  /** The node that wrote it; undefined until the text has said it. */
  writer(): string | undefined;
} {
  const rows = new Map<string, MutableRow>();
  const odd: MutableRow[] = [];
  let rest: Buffer | undefined;
  let family: Family | undefined;
  let version = '';
  let node: string | undefined;
  let isWellFormed = true;

  function take(chunk: Buffer): boolean {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      if (bytes[from] === HASH) {
        family = familyOf(bytes.toString('utf8', from, end));
      } else if (family !== undefined) {
        sample(bytes.toString('utf8', from, end), family);
      }
      from = end + 1;
    }
    rest = from === bytes.length ? undefined : bytes.subarray(from);
    return isWellFormed && (rest === undefined || rest.length <= LONGEST_LINE_BYTES);
  }

  /** Takes `…{vhost="/",queue="reply_1"} 5`; a name may hold anything, so the last closing counts. */
  function sample(line: string, field: Family): void {
    if (field === 'build') {
      version = /rabbitmq_version="([^"]*)"/.exec(line)?.[1] ?? version;
      return;
    }
    if (field === 'identity') {
      node = /rabbitmq_node="([^"]*)"/.exec(line)?.[1] ?? node;
      return;
    }
    const close = line.lastIndexOf(CLOSE);
    const value = close === -1 ? Number.NaN : Number(line.slice(close + CLOSE.length));
    const labels = line.slice(line.indexOf('{') + 1, close);
    const row = rows.get(labels) ?? newRow(labels);
    if (row === undefined || Number.isNaN(value)) {
      isWellFormed = false;
    } else {
      row[field] = value;
    }
  }

  function newRow(labels: string): MutableRow | undefined {
    const between = labels.indexOf(BETWEEN);
    if (between === -1 || !labels.startsWith(VHOST)) {
      return undefined;
    }
    const row: MutableRow = {
      vhost: labels.slice(VHOST.length, between),
      name: labels.slice(between + BETWEEN.length),
    };
    rows.set(labels, row);
    if (labels.includes('\\')) {
      odd.push(row);
    }
    return row;
  }

  function finish(): QueueRow[] | undefined {
    // Text without its last newline was cut short.
    if (!isWellFormed || version === '' || rest !== undefined) {
      return undefined;
    }
    if (escapesLabels(version)) {
      for (const row of odd) {
        row.vhost = unescapeLabel(row.vhost);
        row.name = unescapeLabel(row.name);
      }
    }
    return [...rows.values()];
  }

  return { take, finish, writer: () => node };
}

/** `# TYPE name gauge`, and the same for `# HELP`. */
const familyOf = (comment: string): Family | undefined => FAMILIES.get(comment.split(' ', 3)[2] ?? '');

/** Does this version escape label values, as the Prometheus format wants it? */
export function escapesLabels(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  if (major !== 3) {
    return major > 3;
  }
  if (minor === 11) {
    return patch >= 24;
  }
  if (minor === 12) {
    return patch >= 7;
  }
  return minor > 12;
}

/** Undoes the three escapes of the Prometheus text format; any other backslash stands for itself. */
export const unescapeLabel = (label: string): string =>
  label.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
