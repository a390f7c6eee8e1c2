import {
  book,
  type Clock,
  detect,
  type Finding,
  type HostExecutor,
  type Snapshot,
} from '../../runbooks/index.ts';
import { cardOf } from '../card-of.ts';
import { openCluster } from '../clusters.ts';
import type { BotConfig, ClusterConfig } from '../config/config.ts';
import { openConfiguredHosts } from '../hosts.ts';
import { systemClock } from '../system-clock.ts';
import { type CommonOptions, type Console, exitCodes, plain, printJson, readConfig } from './console.ts';

interface SweepOptions extends CommonOptions {
  readonly cluster?: string;
}

/** `watership sweep`: one look, without Redis and without Slack. What needs a memory (growth, time) it cannot find. */
export async function sweepCommand(console: Console, options: SweepOptions): Promise<number> {
  const config = readConfig(console, options);
  // Whoever calls this as a Nagios check learns that nothing was looked at, not that the cluster is in danger.
  if (config === undefined) return exitCodes.unknown;
  const wanted = config.clusters.filter(
    ({ settings }) => options.cluster === undefined || settings.name === options.cluster,
  );
  if (wanted.length === 0) {
    const known = config.clusters.map(({ settings }) => settings.name).join(', ');
    console.err(`There is no cluster ${options.cluster ?? ''}; there are ${known}\n`);
    return exitCodes.unknown;
  }
  const hosts = openConfiguredHosts(config, systemClock);
  const results = await Promise.all(
    wanted.map((cluster) => look(cluster, config, hosts.executor, systemClock)),
  ).finally(() => hosts.close());
  if (options.json) printJson(console, results);
  else console.out(results.map(tellResult).join('\n'));
  return Math.max(...results.map(exitCodeOf));
}

interface Result {
  readonly cluster: string;
  readonly tookMs: number;
  readonly nodes: readonly { readonly name: string; readonly answered: boolean; readonly because?: string }[];
  readonly findings: readonly (Finding & { readonly headline: string })[];
  /** Detectors that broke off: what they would have found is not known. */
  readonly failed: readonly string[];
}

async function look(
  cluster: ClusterConfig,
  config: BotConfig,
  hosts: HostExecutor,
  clock: Clock,
): Promise<Result> {
  const handle = openCluster({
    config: cluster,
    hosts,
    clock,
    sweepMs: config.schedule.sweepMs,
    history: async () => undefined,
  });
  try {
    const observation = await handle.observe('counted');
    const { findings: found, failures } = detect(book, observation);
    const findings = found.map((finding) => ({ ...finding, headline: cardOf(finding, book).headline }));
    const { snapshot } = observation;
    return {
      failed: failures.map(({ runbook }) => runbook),
      cluster: snapshot.cluster,
      tookMs: snapshot.tookMs,
      nodes: nodesOf(snapshot),
      findings,
    };
  } finally {
    await handle.close();
  }
}

const nodesOf = ({ nodes }: Snapshot): Result['nodes'] =>
  nodes.map(({ name, answer }) =>
    answer.kind === 'answered'
      ? { name, answered: true }
      : { name, answered: false, because: answer.message },
  );

/** Worse wins; a node that could not be asked makes a quiet sweep "could not see", and so do all of them together. */
export function exitCodeOf({
  findings,
  nodes,
  failed,
}: Pick<Result, 'findings' | 'nodes' | 'failed'>): number {
  if (nodes.every(({ answered }) => !answered)) return exitCodes.unknown;
  if (findings.some(({ severity }) => severity === 'critical')) return exitCodes.critical;
  if (findings.some(({ severity }) => severity === 'warning')) return exitCodes.warning;
  const isBlind = failed.length > 0 || nodes.some(({ answered }) => !answered);
  return isBlind ? exitCodes.unknown : exitCodes.ok;
}

function tellResult({ cluster, nodes, findings, failed, tookMs }: Result): string {
  const answered = nodes.filter((node) => node.answered).length;
  const head = `${cluster}: ${answered} of ${nodes.length} nodes answered in ${tookMs} ms`;
  const silent = nodes.flatMap((node) =>
    node.answered ? [] : [`  could not see ${node.name}: ${node.because}`],
  );
  const found = findings.flatMap((finding) => [
    `  ${finding.severity}: ${finding.headline}`,
    ...cardOf(finding, book).facts.map(({ label, value }) => `      ${label}: ${value}`),
  ]);
  const broken = failed.map((runbook) => `  could not tell about ${runbook}: its detector failed`);
  const verdict = findings.length === 0 ? ['  no findings'] : [];
  return plain(`${[head, ...silent, ...found, ...broken, ...verdict].join('\n')}\n`);
}
