import { counted } from '../../wording/words.ts';
import { incidentLines } from '../cards/cluster-status.ts';
import { context as contextBlock, header, linesSection, notification, small } from '../message/blocks.ts';
import type { Command, Reply } from './common/command.ts';

const SHOWN = 20;
const RECENT_MS = 24 * 3_600_000;

/** What is open, and what was resolved in the last day. */
export const incidents: Command = {
  verb: 'incidents',
  usage: 'incidents',
  summary: 'What is open now, and what was resolved in the last 24 hours.',
  takes: 0,
  async run({ listener }): Promise<Reply> {
    const { context } = listener.transitions;
    const { stores, clock, clusters } = context;
    const open = (await Promise.all([...clusters.keys()].map((name) => stores.incidents.open(name)))).flat();
    const recent = await stores.incidents.recent({ limit: 100, sinceMs: clock.now() - RECENT_MS });
    const resolved = recent.filter(({ state }) => state === 'resolved');
    const ended = resolved.filter(({ mutedBy }) => mutedBy === undefined).length;
    const own = open.filter(({ mutedBy }) => mutedBy === undefined);
    const explained = open.length - own.length;
    const [example] = own;
    const verdict = `${own.length === 0 ? 'No open incident' : counted(own.length, 'open incident')}${explained === 0 ? '' : `, and ${explained} explained by another incident`}`;
    return {
      text: notification(`${verdict}, ${ended} resolved in the last 24 hours.`),
      blocks: [
        header(verdict),
        ...(open.length === 0 ? [] : [linesSection(undefined, incidentLines(context, open).slice(0, SHOWN))]),
        ...(resolved.length === 0
          ? []
          : [
              linesSection('Resolved in the last 24 hours', incidentLines(context, resolved).slice(0, SHOWN)),
            ]),
        ...(example === undefined
          ? []
          : [
              contextBlock([
                small(
                  `A diagnosis only reads. For example: /rabbit run ${example.runbook} ${example.subject}`,
                ),
              ]),
            ]),
      ],
    };
  },
};
