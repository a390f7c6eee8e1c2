import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openManagement, openMetrics } from '../src/rpc/index.ts';
import {
  book,
  type CollectNode,
  collectSnapshot,
  detect,
  detectionDefaults,
  emptyHistory,
  noProbes,
  type Observation,
  remember,
  type Snapshot,
} from '../src/runbooks/index.ts';
import type { Bench } from './bench.ts';
import { type BenchBroker, openBroker } from './broker.ts';
import { type Cost, costOf, countBytes, idleCpuPerSecond, median, peakMemory } from './sweep/measure.ts';
import { hasNagiosChecks, nagiosChecks, rabbitmqctlListings } from './sweep/peers.ts';
import { type Contender, report } from './sweep/report.ts';
import { scale } from './sweep/scale.ts';
import { roundsOfACycle, turnsOf } from './sweep/turns.ts';

/** Between two contenders: the broker's listings are cached for some times as long as they took to build. */
const PAUSE_MS = 6_000;
/** Of the order of turns: in one, a median is the mean of two runs, and moves by a tenth from bench to bench. */
const CYCLES = 2;
const clock = { now: () => Date.now(), sleep: (ms: number) => sleep(ms) };

/**
 * `npm run bench -- sweep [rounds]`: all contenders in turns, on one broker, in one run; twice as many rounds as
 * everyone needs to follow everyone else, unless told otherwise.
 */
export const benchSweep: Bench = async ([wanted]) => {
  const contenders: readonly Contender[] = hasNagiosChecks()
    ? ['api', 'rabbitmqctl', 'metrics', 'nagios']
    : ['api', 'rabbitmqctl', 'metrics'];
  if (!contenders.includes('nagios')) {
    console.log('nagios-plugins-rabbitmq is not installed: its checks are left out');
  }
  const rounds = wanted === undefined ? CYCLES * roundsOfACycle(contenders.length) : Number(wanted);
  say('starting a broker');
  const broker = await openBroker();
  // Asked to end, the bench takes its broker along.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void broker.close().finally(() => process.exit(130)));
  }
  try {
    await fill(broker);
    const { costs, memoryBytes, snapshot } = await compete(broker, contenders, rounds);
    return report(costs, memoryBytes, await timeDetection(snapshot));
  } finally {
    await broker.close();
  }
};

/** Fills the broker, and waits until it has come to rest and its statistics show everything. */
async function fill(broker: BenchBroker): Promise<void> {
  say(
    `filling it: ${Object.entries(scale)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  );
  await broker.helper('sweep/load.ts', [broker.amqpUrl]);
  const node = nodeOf(broker, 'api');
  for (let tries = 0; tries < 60; tries += 1) {
    await sleep(2_000);
    const { totals } = await node.management.overview({ timeoutMs: 10_000 });
    if (totals.channels === scale.channels && totals.queues === scale.queues) {
      break;
    }
  }
  await sleep(10_000);
}

async function compete(broker: BenchBroker, contenders: readonly Contender[], rounds: number) {
  const idle = await idleCpuPerSecond(broker.pid, 10);
  say(`idle, the broker spends ${Math.round(idle)} CPU-ms a second`);
  const bytes = countBytes();
  const nodes = { api: nodeOf(broker, 'api'), metrics: nodeOf(broker, 'metrics') };
  const costs: Record<Contender, Cost[]> = { api: [], metrics: [], rabbitmqctl: [], nagios: [] };
  const restingBytes = process.memoryUsage.rss();
  let mostBytes = restingBytes;
  let snapshot: Snapshot | undefined;

  const sweep = async (contender: 'api' | 'metrics'): Promise<void> => {
    const before = bytes.total();
    const swept = await peakMemory(() =>
      costOf(broker.pid, idle, async () => {
        snapshot = await sweepOnce(nodes[contender]);
      }),
    );
    mostBytes = Math.max(mostBytes, swept.peakBytes);
    costs[contender].push({ ...swept.value, bytes: bytes.total() - before });
  };
  const turns: Readonly<Record<Contender, () => Promise<void>>> = {
    api: () => sweep('api'),
    rabbitmqctl: async () => {
      costs.rabbitmqctl.push(await costOf(broker.pid, idle, () => rabbitmqctlListings(broker)));
    },
    metrics: () => sweep('metrics'),
    nagios: async () => {
      costs.nagios.push(await costOf(broker.pid, idle, () => nagiosChecks(broker)));
    },
  };
  for (let round = 0; round < rounds; round += 1) {
    const order = turnsOf(contenders, round);
    say(`round ${round + 1} of ${rounds}: ${order.join(', ')}`);
    for (const contender of order) {
      await sleep(PAUSE_MS);
      await turns[contender]();
      const { wallMs, brokerCpuMs } = costs[contender].at(-1) ?? { wallMs: 0, brokerCpuMs: 0 };
      say(`  ${contender}: ${Math.round(wallMs)} ms, the broker ${Math.round(brokerCpuMs)} CPU-ms`);
    }
  }
  bytes.stop();
  if (snapshot === undefined) {
    throw new Error('There was no round');
  }
  return { costs, memoryBytes: mostBytes - restingBytes, snapshot };
}

function nodeOf(broker: BenchBroker, by: 'api' | 'metrics'): CollectNode {
  const { node, username, password } = broker;
  const url = `http://127.0.0.1:${broker.managementPort}`;
  const metrics = openMetrics({ node, url: `http://127.0.0.1:${broker.metricsPort}` });
  return {
    name: node,
    management: openManagement({ node, url, username, password }),
    ...(by === 'metrics' ? { metrics } : {}),
  };
}

/** A sweep that did not see everything would be quick for the wrong reason. */
async function sweepOnce(node: CollectNode): Promise<Snapshot> {
  const snapshot = await collectSnapshot({
    cluster: 'bench',
    nodes: [node],
    deadlineMs: 15_000,
    consumers: 'counted',
    typesAbove: detectionDefaults.backlogReady,
    clock,
  });
  const { queues, connections, consumers } = snapshot;
  const gap = [queues, connections, consumers].flatMap(({ missing }) => missing)[0];
  if (gap !== undefined) {
    throw new Error(`The sweep did not see everything: ${gap.why}`);
  }
  const seen = {
    queues: queues.rows.length,
    connections: connections.rows.length,
    channels: connections.rows.reduce((sum, row) => sum + (row.channels ?? 0), 0),
    consumers: queues.rows.reduce((sum, row) => sum + (row.consumers ?? 0), 0),
    messages: queues.rows.reduce((sum, row) => sum + (row.ready ?? 0), 0),
  };
  if (JSON.stringify(seen) !== JSON.stringify(scale)) {
    throw new Error(`The sweep saw ${JSON.stringify(seen)} of ${JSON.stringify(scale)}`);
  }
  return snapshot;
}

/** The memory's fold and the detectors, as the bot runs them after each sweep; the median of many. */
async function timeDetection(snapshot: Snapshot): Promise<number> {
  const settings = {
    name: 'bench',
    nodes: snapshot.nodes.map(({ name }) => ({ name, amqpHost: '127.0.0.1', amqpPort: 5_672 })),
    detection: detectionDefaults,
    services: [],
    reachedBy: { kind: 'unknown' },
  } as const;
  const history = remember(remember(emptyHistory, snapshot), snapshot);
  const observation: Observation = { snapshot, history, probes: noProbes, settings };
  const timed = (work: () => unknown): number =>
    median(
      Array.from({ length: 20 }, () => {
        const beganMs = performance.now();
        work();
        return performance.now() - beganMs;
      }),
    );
  const rememberMs = timed(() => remember(history, snapshot));
  const detectMs = timed(() => detect(book, observation));
  say(`remembering takes ${rememberMs.toFixed(1)} ms, detecting ${detectMs.toFixed(1)} ms`);
  return rememberMs + detectMs;
}

const say = (what: string): void => console.log(`· ${what}`);
