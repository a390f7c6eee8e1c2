import {
  book,
  type Clock,
  detect,
  type Finding,
  type HostExecutor,
  type Incident,
  type Snapshot,
} from '../../runbooks/index.ts';
import { openCluster } from '../cluster/clusters.ts';
import { openConfiguredHosts } from '../cluster/hosts.ts';
import type { BotConfig, ClusterConfig } from '../config/config.ts';
import { systemClock } from '../process/system-clock.ts';
import { runbookText } from '../wording/runbook-text.ts';
import { counted, span } from '../wording/words.ts';
import { type KnownToBot, knownToBot } from './check/known-to-bot.ts';
import {
  type CommonOptions,
  type Console,
  exitCodes,
  noCluster,
  printable,
  printJson,
} from './common/console.ts';
import { readConfig } from './common/read-config.ts';

interface SweepOptions extends CommonOptions {
  readonly cluster?: string;
}

/**
 * `watership sweep`: one look, which needs neither Redis nor Slack. What takes a memory or probes it cannot find by itself,
 * and says so; open incidents of a running bot are printed with it.
 */
export async function sweepCommand(console: Console, options: SweepOptions): Promise<number> {
  const config = readConfig(console, options);
  // Whoever calls this as a Nagios check learns that nothing was looked at, not that the cluster is in danger.
  if (config === undefined) {
    return exitCodes.unknown;
  }
  const wanted = config.clusters.filter(
    ({ settings }) => options.cluster === undefined || settings.name === options.cluster,
  );
  if (wanted.length === 0) {
    console.err(`${noCluster(options.cluster, config)}\n`);
    return exitCodes.unknown;
  }
  const hosts = openConfiguredHosts(config, systemClock);
  const [known, looks] = await Promise.all([
    knownToBot(
      config,
      wanted.map(({ settings }) => settings.name),
    ),
    Promise.all(wanted.map((cluster) => look(cluster, config, hosts.executor, systemClock))),
  ]).finally(() => hosts.close());
  const results = looks.map((seen) => ({ ...seen, ...withBot(seen, known.get(seen.cluster)) }));
  if (options.json) {
    printJson(console, results);
  } else {
    console.out(results.map(tellResult).join('\n'));
  }
  return Math.max(...results.map(exitCodeOf));
}

interface Seen {
  readonly cluster: string;
  readonly tookMs: number;
  readonly nodes: readonly { readonly name: string; readonly answered: boolean; readonly because?: string }[];
  readonly findings: readonly (Finding & { readonly headline: string })[];
  /** Detectors that broke off: what they would have found is not known. */
  readonly failed: readonly string[];
}

interface Result extends Seen {
  /** What a single look cannot find, one phrase each. */
  readonly notLookedAt: readonly string[];
  /** What a running bot has open and this look has not found; absent where none has looked lately. */
  readonly bot?: {
    readonly sweptAtMs: number;
    readonly open: readonly (Pick<Incident, 'id' | 'runbook' | 'subject' | 'severity'> & {
      readonly headline: string;
    })[];
  };
}

/** What needs more than one look: a memory, or questions to the services. */
const NOT_LOOKED_AT = [
  'growth, zombie and orphan queues (they need several sweeps)',
  'deaf and unbound services (they need probes)',
] as const;

function withBot({ findings }: Seen, known: KnownToBot | undefined): Pick<Result, 'notLookedAt' | 'bot'> {
  if (known === undefined) {
    return { notLookedAt: NOT_LOOKED_AT };
  }
  const isFound = ({ runbook, key }: Incident): boolean =>
    findings.some((finding) => finding.runbook === runbook && finding.key === key);
  const open = known.open
    .filter((incident) => !isFound(incident))
    .map((incident) => {
      const { id, runbook, subject, severity } = incident;
      return { id, runbook, subject, severity, headline: runbookText(book, incident).headline };
    });
  return { notLookedAt: NOT_LOOKED_AT, bot: { sweptAtMs: known.sweptAtMs, open } };
}

async function look(
  cluster: ClusterConfig,
  config: BotConfig,
  hosts: HostExecutor,
  clock: Clock,
): Promise<Seen> {
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
    const findings = found.map((finding) => ({ ...finding, headline: runbookText(book, finding).headline }));
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

const nodesOf = ({ nodes }: Snapshot): Seen['nodes'] =>
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
  bot,
}: Pick<Result, 'nodes' | 'failed' | 'bot'> & {
  readonly findings: readonly Pick<Finding, 'severity'>[];
}): number {
  if (nodes.every(({ answered }) => !answered)) {
    return exitCodes.unknown;
  }
  const troubles = [...findings, ...(bot?.open ?? [])];
  if (troubles.some(({ severity }) => severity === 'critical')) {
    return exitCodes.critical;
  }
  if (troubles.some(({ severity }) => severity === 'warning')) {
    return exitCodes.warning;
  }
  const isBlind = failed.length > 0 || nodes.some(({ answered }) => !answered);
  return isBlind ? exitCodes.unknown : exitCodes.ok;
}

function tellResult({ cluster, nodes, findings, failed, tookMs, notLookedAt, bot }: Result): string {
  const answered = nodes.filter((node) => node.answered).length;
  const head = `${cluster}: ${answered} of ${nodes.length} nodes answered in ${span(Math.max(1, tookMs))}`;
  const silent = nodes.flatMap((node) =>
    node.answered ? [] : [`  could not see ${node.name}: ${node.because}`],
  );
  const found = findings.flatMap((finding) => [
    `  ${finding.severity}: ${finding.headline}`,
    ...runbookText(book, finding).facts.map(({ label, value }) => `      ${label}: ${value}`),
  ]);
  const broken = failed.map((runbook) => `  could not check ${runbook}: its detector failed`);
  const verdict = findings.length === 0 ? ['  no findings'] : [];
  const limit = `  Not checked: ${notLookedAt.join(', and ')} → watership probe --all; ${tellBot(bot)}`;
  const known = (bot?.open ?? []).map(({ id, severity, headline }) => `  ${severity}: ${headline} (${id})`);
  return printable(`${[head, ...silent, ...found, ...broken, ...verdict, limit, ...known].join('\n')}\n`);
}

function tellBot(bot: Result['bot']): string {
  if (bot === undefined) {
    return 'the bot checks all of this, but has not swept here lately';
  }
  const ago = span(systemClock.now() - bot.sweptAtMs);
  return bot.open.length === 0
    ? `the bot swept ${ago} ago and has no other open incident`
    : `the bot swept ${ago} ago and has ${counted(bot.open.length, 'more open incident')}:`;
}
