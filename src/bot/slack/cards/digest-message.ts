import type { ClusterDigest, Digest, IncidentDigest } from '../../digest/digest-of.ts';
import { deletionLine, runsLine } from '../../digest/lines.ts';
import type { KnownBlock } from '../../ports/slack-blocks.ts';
import { count, counted, listed, priority, sentence, span } from '../../wording/words.ts';
import {
  context,
  header,
  linesSection,
  moment,
  mrkdwn,
  notification,
  plainSection,
  type Rendered,
} from '../message/blocks.ts';

const INCIDENTS_SHOWN = 15;

/** The digest as a message: one verdict, then what happened, then what needs a hand. */
export function digestMessage(digest: Digest): Rendered {
  const verdict = verdictOf(digest);
  const { typical, incidents } = digest;
  const times = [
    ...(typical.toAcknowledgeMs === undefined ? [] : [`acknowledged after ${span(typical.toAcknowledgeMs)}`]),
    ...(typical.toRepairMs === undefined ? [] : [`resolved after ${span(typical.toRepairMs)}`]),
  ];
  const blocks: KnownBlock[] = [
    header('RabbitMQ digest'),
    plainSection(verdict),
    linesSection('Clusters', digest.clusters.map(clusterLine)),
    linesSection(
      `Incidents: ${incidents.length}${times.length === 0 ? '' : ` (typically ${times.join(', ')})`}`,
      incidents.length === 0
        ? ['None.']
        : [
            ...incidents.slice(0, INCIDENTS_SHOWN).map(incidentLine),
            ...(incidents.length > INCIDENTS_SHOWN
              ? [`… and ${incidents.length - INCIDENTS_SHOWN} more; /rabbit incidents lists them`]
              : []),
          ],
    ),
    linesSection('Repairs', [runsLine(digest)]),
    ...(digest.deletions.length === 0
      ? []
      : [linesSection('Deleted for good', digest.deletions.map(deletionLine))]),
    ...(digest.glass.length === 0 ? [] : [linesSection('Break-glass was used', digest.glass)]),
    ...(digest.growing.length === 0
      ? []
      : [
          linesSection(
            'Growing queues',
            digest.growing.map(
              ({ cluster, name, ready, gained, overMs }) =>
                `${cluster}: ${name} holds ${counted(ready, 'message')}, ${count(gained)} more in ${span(overMs)}`,
            ),
          ),
        ]),
    linesSection(
      'Could not be checked',
      digest.unchecked.length === 0 ? ['Everything was checked.'] : digest.unchecked,
    ),
    context([
      mrkdwn(
        `From ${moment(digest.sinceMs, '{date_short_pretty} {time}')} to ${moment(digest.nowMs, '{date_short_pretty} {time}')}`,
      ),
    ]),
  ];
  return { text: notification(`RabbitMQ digest: ${verdict}`), blocks };
}

function verdictOf({ clusters, incidents, unchecked, sinceMs, nowMs }: Digest): string {
  const inTrouble = clusters.filter(({ state }) => state === 'trouble').map(({ name }) => name);
  const unseen = clusters.filter(({ state }) => state === 'not seen').map(({ name }) => name);
  const happened = `${counted(incidents.length, 'incident')} in the last ${span(nowMs - sinceMs)}.`;
  if (inTrouble.length > 0) {
    return `${listed(inTrouble)}: needs attention. ${happened}`;
  }
  if (unseen.length > 0 || unchecked.length > 0) {
    return `No trouble found, but not everything could be checked. ${happened}`;
  }
  return `All clusters are healthy. ${happened}`;
}

function clusterLine({ name, state, worst, open, nodes, nodesAnswering, isHalted }: ClusterDigest): string {
  const words =
    state === 'trouble'
      ? `${counted(open, 'open incident')}, ${open === 1 ? '' : 'the worst is '}${priority[worst ?? 'info']}`
      : state === 'healthy'
        ? 'healthy'
        : 'no trouble found, but not everything could be checked';
  const answering = nodes === 0 ? '' : `, ${nodesAnswering} of ${nodes} nodes answer`;
  return `${name}: ${words}${answering}${isHalted ? ', repairs are halted' : ''}`;
}

function incidentLine(incident: IncidentDigest): string {
  const { id, severity, cluster, headline, toAcknowledgeMs, toRepairMs } = incident;
  const taken =
    toAcknowledgeMs === undefined ? 'not acknowledged' : `acknowledged after ${span(toAcknowledgeMs)}`;
  const over = toRepairMs === undefined ? 'still open' : `resolved after ${span(toRepairMs)}`;
  return `${id} ${priority[severity]} ${cluster}: ${sentence(headline)} (${taken}, ${over})`;
}
