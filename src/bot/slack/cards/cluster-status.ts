import { atItsWorst, type Incident } from '../../../runbooks/index.ts';
import { type Announced, maintenanceOf } from '../../approvals/maintenance-window.ts';
import type { BotContext } from '../../context.ts';
import type { People } from '../../ports/people.ts';
import type { KnownBlock } from '../../ports/slack-blocks.ts';
import { runbookText } from '../../wording/runbook-text.ts';
import { counted, nameOf, priority, sentence, span, utcMoment } from '../../wording/words.ts';
import { context as contextBlock, header, linesSection, moment, mrkdwn } from '../message/blocks.ts';
import { literal } from '../message/escape.ts';
import { haltedSection } from '../message/halted.ts';

interface Status {
  readonly verdict: string;
  readonly blocks: readonly KnownBlock[];
}

/** When a status is read: an answer at once; a page may stay open for hours, so it shows no ages. */
export type When = 'now' | 'lasting';

/** One cluster from the stores: nothing is asked of a broker, so the answer is quick. */
export async function clusterStatus(
  context: Pick<BotContext, 'config' | 'stores' | 'clock' | 'book'>,
  people: Pick<People, 'names'>,
  cluster: string,
  when: When = 'now',
): Promise<Status> {
  const { stores, clock } = context;
  const [memory, open, halt, maintenance] = await Promise.all([
    stores.memory.get(cluster),
    stores.incidents.open(cluster),
    stores.halts.find(cluster),
    maintenanceOf(context, cluster),
  ]);
  const summary = memory?.summary;
  const verdict = verdictOf(cluster, open, summary?.blind.length ?? 0, memory !== undefined);
  const nodes = (summary?.nodes ?? []).map(({ name, answered, why, version, alarms }) =>
    answered
      ? `${name}: answers${version === undefined ? '' : `, RabbitMQ ${version}`}${alarms.map((alarm) => `, ${alarm}`).join('')}`
      : `${name}: no answer - ${why ?? ''}`,
  );
  const lines = [
    ...nodes,
    ...(summary === undefined ? [] : [sidesWords(summary.sides), totalsWords(summary.totals)]),
  ].filter((line) => line !== '');
  const looked =
    memory === undefined
      ? 'Not swept yet.'
      : when === 'lasting'
        ? `As seen at ${moment(memory.sweptAtMs)}. Open this page again to refresh.`
        : `Last sweep ${span(clock.now() - memory.sweptAtMs)} ago, at ${moment(memory.sweptAtMs)}${summary === undefined ? '' : `; it took ${span(Math.max(1, summary.tookMs))}`}.`;
  return {
    verdict,
    blocks: [
      header(verdict),
      ...(lines.length === 0 ? [] : [linesSection(undefined, lines)]),
      ...(halt === undefined ? [] : [haltedSection(halt, cluster, await people.names([halt.by]))]),
      ...(maintenance === undefined ? [] : [await maintenanceSection(maintenance, people)]),
      ...(open.length === 0 ? [] : [linesSection('Open incidents', incidentLines(context, open, when))]),
      contextBlock([mrkdwn(looked)]),
    ],
  };
}

async function maintenanceSection(
  { untilMs, by }: Announced,
  people: Pick<People, 'names'>,
): Promise<KnownBlock> {
  const who =
    by === undefined ? 'set in the configuration' : `announced by ${nameOf(await people.names([by]), by)}`;
  return {
    type: 'section',
    text: mrkdwn(
      `*Maintenance* until ${moment(untilMs, '{date_short_pretty} {time}')}, ${literal(who, 120)}: alerts are posted without notification.`,
    ),
  };
}

/** One line an incident, the most urgent first; what another one explains comes last. */
export function incidentLines(
  context: Pick<BotContext, 'clock' | 'book'>,
  incidents: readonly Incident[],
  when: When = 'now',
): string[] {
  const rank = { critical: 0, warning: 1, info: 2 } as const;
  return incidents
    .map((incident) => (incident.state === 'resolved' ? atItsWorst(incident) : incident))
    .toSorted(
      (left, right) =>
        isExplained(left) - isExplained(right) ||
        rank[left.severity] - rank[right.severity] ||
        right.openedAtMs - left.openedAtMs,
    )
    .map((incident) => {
      const state =
        incident.state === 'resolved'
          ? `${resolvedWords(incident, when, context.clock.now())}${incident.mutedBy === undefined ? '' : `, explained by ${incident.mutedBy}`}`
          : incident.mutedBy !== undefined
            ? `explained by ${incident.mutedBy}`
            : when === 'lasting'
              ? `open since ${utcMoment(incident.openedAtMs)}`
              : `open for ${span(context.clock.now() - incident.openedAtMs)}`;
      const headline = sentence(runbookText(context.book, incident).headline);
      return `${incident.id} ${priority[incident.severity]} ${incident.cluster}: ${headline} (${state})`;
    });
}

/** When it ended, and how long it had lasted. */
function resolvedWords({ openedAtMs, resolvedAtMs }: Incident, when: When, nowMs: number): string {
  if (resolvedAtMs === undefined) {
    return 'resolved';
  }
  const ended = when === 'lasting' ? utcMoment(resolvedAtMs) : `${span(nowMs - resolvedAtMs)} ago`;
  return `resolved ${ended} after ${span(resolvedAtMs - openedAtMs)}`;
}

const isExplained = ({ mutedBy }: Incident): number => (mutedBy === undefined ? 0 : 1);

function verdictOf(cluster: string, all: readonly Incident[], blind: number, isSeen: boolean): string {
  const open = all.filter(({ mutedBy }) => mutedBy === undefined);
  const explained = all.length - open.length;
  if (!isSeen) {
    return `${cluster}: not swept yet`;
  }
  if (open.length > 0) {
    const worst = (['critical', 'warning', 'info'] as const).find((severity) =>
      open.some((incident) => incident.severity === severity),
    );
    const others = explained === 0 ? '' : `, and ${explained} explained by another incident`;
    return `${cluster}: ${counted(open.length, 'open incident')}, ${open.length === 1 ? '' : 'the worst is '}${priority[worst ?? 'info']}${others}`;
  }
  return blind > 0
    ? `${cluster}: nothing wrong found, but not everything could be checked`
    : `${cluster}: healthy`;
}

function sidesWords(sides: readonly (readonly string[])[]): string {
  return sides.length < 2
    ? ''
    : `Split into ${sides.length} sides: ${sides.map((members) => members.join(' + ')).join(' | ')}`;
}

function totalsWords(totals: {
  readonly queues?: number;
  readonly ready?: number;
  readonly connections?: number;
}): string {
  return [
    ...(totals.queues === undefined ? [] : [counted(totals.queues, 'queue')]),
    ...(totals.ready === undefined ? [] : [`${counted(totals.ready, 'message')} ready`]),
    ...(totals.connections === undefined ? [] : [counted(totals.connections, 'connection')]),
  ].join(', ');
}
