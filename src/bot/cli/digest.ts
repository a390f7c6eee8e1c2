import { book } from '../../runbooks/index.ts';
import type { Digest } from '../digest/digest-of.ts';
import { deletionLine, runsLine } from '../digest/lines.ts';
import { readDigest } from '../digest/read-digest.ts';
import { systemClock } from '../process/system-clock.ts';
import { span, utcMoment, withNames } from '../wording/words.ts';
import { type CommonOptions, type Console, exitCodes, printable, printJson } from './common/console.ts';
import { namesOf } from './common/names.ts';
import { readConfig } from './common/read-config.ts';
import { withStores } from './common/with-stores.ts';

/** `watership digest`: what the scheduled one would say now. Reads Redis only, and posts nothing. */
export async function digestCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  const clusters = new Map(config.clusters.map((cluster) => [cluster.settings.name, cluster]));
  const digest = await withStores(config, (stores) =>
    readDigest({ stores, clock: systemClock, clusters, book }),
  );
  if (options.json) {
    printJson(console, digest);
  } else {
    const names = await namesOf(config, digest.people);
    console.out(tellDigest({ ...digest, glass: digest.glass.map((line) => withNames(line, names)) }));
  }
  return exitCodes.ok;
}

function tellDigest(digest: Digest): string {
  const { typical } = digest;
  const clusters = digest.clusters.map(
    ({ name, state, open, nodes, nodesAnswering, isHalted }) =>
      `  ${name}: ${state}, ${open} open, ${nodesAnswering} of ${nodes} nodes answer${isHalted ? ', halted' : ''}`,
  );
  const incidents = digest.incidents.map(
    ({ id, severity, cluster, headline, state, toRepairMs }) =>
      `  ${id} ${severity} ${cluster}: ${headline} (${toRepairMs === undefined ? state : `resolved after ${span(toRepairMs)}`})`,
  );
  const times = [
    typical.toAcknowledgeMs === undefined ? [] : [`acknowledged after ${span(typical.toAcknowledgeMs)}`],
    typical.toRepairMs === undefined ? [] : [`resolved after ${span(typical.toRepairMs)}`],
  ].flat();
  const growing = digest.growing.map(
    ({ cluster, name, ready, gained, overMs }) =>
      `  ${cluster}: ${name} holds ${ready}, ${gained} more in ${span(overMs)}`,
  );
  return printable(
    [
      `From ${utcMoment(digest.sinceMs)} to ${utcMoment(digest.nowMs)}`,
      'Clusters',
      ...clusters,
      `Incidents: ${digest.incidents.length}${times.length === 0 ? '' : ` (typically ${times.join(', ')})`}`,
      ...incidents,
      `Repairs: ${runsLine(digest)}`,
      ...(digest.deletions.length === 0
        ? []
        : ['Deleted for good', ...digest.deletions.map((line) => `  ${deletionLine(line)}`)]),
      ...(digest.glass.length === 0
        ? []
        : ['Break-glass was used', ...digest.glass.map((line) => `  ${line}`)]),
      ...(growing.length === 0 ? [] : ['Growing queues', ...growing]),
      ...(digest.unchecked.length === 0
        ? []
        : ['Could not be checked', ...digest.unchecked.map((line) => `  ${line}`)]),
      '',
    ].join('\n'),
  );
}
