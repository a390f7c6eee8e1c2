import { definite, probeService, Target, type Transport } from '../../../rpc/index.ts';
import type { ProbeAnswer } from '../../../runbooks/index.ts';
import {
  type Candidate,
  type CandidateProbe,
  candidatesOfAll,
  candidatesOfTopic,
  probeAll,
} from '../../cluster/probe-all.ts';
import { span } from '../../wording/words.ts';
import { type Console, exitCodes, printable, printJson } from '../common/console.ts';
import { table } from '../common/table.ts';
import { type Broker, type BrokerOptions, brokersOf, transportOf } from './broker.ts';

interface ProbeOptions extends BrokerOptions {
  readonly exchange?: string;
  readonly all?: boolean;
}

interface Row extends CandidateProbe {
  /** Absent where a URL alone says which broker. */
  readonly cluster?: string;
}

interface Result {
  readonly rows: readonly Row[];
  /** What the table cannot show. */
  readonly notes: readonly string[];
}

const PROBE_MS = 6_500;

/** `watership probe <topic> [server]`: who of a topic answers. */
export async function probeCommand(
  console: Console,
  options: ProbeOptions,
  [topic, server]: readonly string[],
): Promise<number> {
  if (topic === undefined && options.all !== true) {
    throw new Error(
      'topic: expected a topic such as compute, got nothing. Name one, or --all for every service.',
    );
  }
  if (topic !== undefined && options.all === true) {
    throw new Error(`topic: expected none with --all, got ${topic}. Leave out one of them.`);
  }
  const brokers = brokersOf(console, options);
  if (brokers === undefined) {
    return exitCodes.unknown;
  }
  const results = await Promise.all(brokers.map((broker) => ask(broker, options, topic, server)));
  const rows = results.flatMap((result) => result.rows);
  const notes = results.flatMap((result) => result.notes);
  if (options.json === true) {
    printJson(console, { services: rows, notes });
  } else {
    console.out(printable(tell(rows, notes)));
  }
  return probeExitCode(rows);
}

/**
 * After Nagios: 0 all answer; 1 nobody serves there; 2 somebody is connected and does not answer (deaf), or no exchange
 * leads there (unbound); 3 nothing could be asked.
 */
export function probeExitCode(rows: readonly Pick<Row, 'verdict'>[]): number {
  if (rows.some(({ verdict }) => verdict === 'deaf' || verdict === 'unbound')) {
    return exitCodes.critical;
  }
  if (rows.some(({ verdict }) => verdict === 'absent')) {
    return exitCodes.warning;
  }
  const isBlind = rows.length === 0 || rows.some(({ verdict }) => verdict === 'unreachable');
  return isBlind ? exitCodes.unknown : exitCodes.ok;
}

async function ask(
  broker: Broker,
  { exchange, all }: ProbeOptions,
  topic = '',
  server?: string,
): Promise<Result> {
  const where = exchange === undefined ? {} : { exchange };
  if (broker.kind === 'url') {
    if (all === true) {
      throw new Error('--all: expected a configuration, because it names the services. Give --config.');
    }
    const transport = transportOf(broker);
    try {
      const queue = server === undefined ? topic : `${topic}.${server}`;
      const rows = await probeAll([{ vhost: '', queue, ...where }], (one) => probeThrough(transport, one));
      const notes = server === undefined ? ['The servers of a topic can be listed only with --config.'] : [];
      return { rows, notes };
    } finally {
      await transport.cleanup();
    }
  }
  const { handle, config, vhost } = broker;
  try {
    const { candidates, missing, notes } = await candidatesIn(broker, all === true, topic, server);
    const rows = await probeAll(candidates, (one) =>
      handle.ports.probe({ topic: one.queue, vhost: one.vhost, timeoutMs: PROBE_MS, ...where }),
    );
    const cluster = config.settings.name;
    const absent = missing.map((name) => ({
      vhost,
      queue: name,
      verdict: 'absent' as const,
      how: 'No queue with a consumer matches its entry under `services`.',
    }));
    return { rows: [...rows, ...absent].map((row) => ({ cluster, ...row })), notes };
  } finally {
    await handle.close();
  }
}

async function candidatesIn(
  { handle, config, vhost }: Extract<Broker, { kind: 'cluster' }>,
  isAll: boolean,
  topic: string,
  server: string | undefined,
): Promise<{
  readonly candidates: readonly Candidate[];
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}> {
  if (server !== undefined) {
    return { candidates: [{ vhost, queue: `${topic}.${server}` }], missing: [], notes: [] };
  }
  const observation = await handle.observe('counted');
  const gaps = observation.snapshot.queues.missing.map(
    ({ node, why }) => `${config.settings.name}: the queues of ${node} could not be listed: ${why}`,
  );
  if (!isAll) {
    return { candidates: candidatesOfTopic(observation, topic, vhost), missing: [], notes: gaps };
  }
  const { candidates, missing } = candidatesOfAll(observation);
  // What could not be listed is not missing.
  return { candidates, missing: gaps.length > 0 ? [] : missing, notes: gaps };
}

async function probeThrough(transport: Transport, { queue, exchange }: Candidate): Promise<ProbeAnswer> {
  const target = new Target({ topic: queue, ...definite({ exchange }) });
  return await probeService(transport, target, { timeoutMs: PROBE_MS });
}

function tell(rows: readonly Row[], notes: readonly string[]): string {
  const hasClusters = new Set(rows.map(({ cluster }) => cluster)).size > 1;
  const lines = rows.map(({ cluster, queue, verdict, tookMs, consumers, how }) => [
    ...(hasClusters ? [cluster ?? ''] : []),
    queue,
    verdict,
    tookMs === undefined ? '-' : span(Math.max(1, tookMs)),
    consumers === undefined ? '-' : String(consumers),
    how,
  ]);
  const head = [...(hasClusters ? ['CLUSTER'] : []), 'QUEUE', 'VERDICT', 'LATENCY', 'CONSUMERS', 'EVIDENCE'];
  const body = rows.length === 0 ? 'No service was found to probe.\n' : table([head, ...lines]);
  return `${body}${notes.map((note) => `${note}\n`).join('')}`;
}
