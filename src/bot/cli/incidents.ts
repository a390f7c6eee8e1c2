import { definite } from '../../rpc/index.ts';
import { atItsWorst, book, type Incident } from '../../runbooks/index.ts';
import type { BotConfig } from '../config/config.ts';
import { runbookText } from '../wording/runbook-text.ts';
import { type Names, nameOf, span, utcMoment } from '../wording/words.ts';
import {
  type CommonOptions,
  type Console,
  exitCodes,
  noCluster,
  printable,
  printJson,
} from './common/console.ts';
import { namesOf } from './common/names.ts';
import { numberOption } from './common/number-option.ts';
import { readConfig } from './common/read-config.ts';
import { withStores } from './common/with-stores.ts';

interface IncidentsOptions extends CommonOptions {
  readonly cluster?: string;
  readonly limit?: string;
}

/** Incidents printed without `--limit`. */
const NEWEST = 20;

/** `watership incidents`: what is open, and what was lately. */
export async function incidentsCommand(console: Console, options: IncidentsOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  const limit = numberOption('--limit', options.limit) ?? NEWEST;
  const { cluster } = options;
  const incidents = await withStores(config, ({ incidents }) =>
    incidents.recent({ limit, ...definite({ cluster }) }),
  );
  if (options.json) {
    printJson(console, incidents);
  }
  // One that has left the configuration may still have incidents; one that has none was perhaps mistyped.
  if (incidents.length === 0 && cluster !== undefined && !isConfigured(config, cluster)) {
    console.err(`${noCluster(cluster, config)}\n`);
    return exitCodes.unknown;
  }
  if (options.json) {
    return exitCodes.ok;
  }
  if (incidents.length === 0) {
    console.out('No incidents.\n');
  } else {
    const names = await namesOf(
      config,
      incidents.flatMap(({ owner }) => owner ?? []),
    );
    console.out(`${incidents.map((incident) => tellIncident(incident, names)).join('\n')}\n`);
  }
  return exitCodes.ok;
}

const isConfigured = ({ clusters }: BotConfig, name: string): boolean =>
  clusters.some(({ settings }) => settings.name === name);

function tellIncident(stored: Incident, names: Names): string {
  const incident = stored.state === 'resolved' ? atItsWorst(stored) : stored;
  const { id, cluster, severity, state, openedAtMs, resolvedAtMs, owner, mutedBy } = incident;
  const { headline } = runbookText(book, incident);
  const lasted = resolvedAtMs === undefined ? '' : ` after ${span(resolvedAtMs - openedAtMs)}`;
  const extra = [
    owner === undefined ? '' : `, owner ${nameOf(names, owner)}`,
    mutedBy === undefined ? '' : `, explained by ${mutedBy}`,
  ].join('');
  return printable(
    `${id}  ${utcMoment(openedAtMs)}  ${cluster}  ${severity}  ${state}${lasted}${extra}  ${headline}`,
  );
}
