import { readPostMortem } from '../../audit/read-post-mortem.ts';
import type { RecordedEntry } from '../../record/entry.ts';
import { namesItsActor, peopleOfEntry } from '../../record/people-of.ts';
import {
  counted,
  type Names,
  nameOf,
  utcMoment,
  utcTime,
  withNames,
  withoutZone,
} from '../../wording/words.ts';
import { context as contextBlock, header, linesSection, notification, small } from '../message/blocks.ts';
import { postReport } from '../send/post-report.ts';
import { type Command, type CommandCall, type Reply, say } from './common/command.ts';

/** Entries that one screen of a phone shows. */
const SHOWN = 8;
const LINE = 120;
const READ_AT_MOST = 1_000;

/** `/rabbit audit`: who did what, and why. */
export const audit: Command = {
  verb: 'audit',
  usage: 'audit [RUN-…|INC-…|today] [export]',
  summary: 'Who did what, and why. “export” posts an incident’s report to its thread.',
  takes: 2,
  async run(asked): Promise<Reply> {
    const [word = 'today', verb] = asked.words;
    const about = word.toUpperCase();
    if (!/^(?:RUN|INC)-\d+$|^TODAY$/.test(about)) {
      return say(`Unknown word “${word}”. Try /rabbit audit INC-0001, RUN-0001 or today.`);
    }
    if (verb !== undefined && (verb.toLowerCase() !== 'export' || about === 'TODAY')) {
      return say('A report covers one incident. For example /rabbit audit INC-0001 export.');
    }
    return verb === undefined ? list(asked, about) : exportReport(asked, about);
  },
};

async function list({ listener }: CommandCall, about: string): Promise<Reply> {
  const { context, people } = listener.transitions;
  const { stores, clock } = context;
  const entries = await stores.audit.read({
    limit: READ_AT_MOST,
    ...(about.startsWith('RUN-') ? { run: about } : {}),
    ...(about.startsWith('INC-') ? { incident: about } : {}),
    ...(about === 'TODAY' ? { sinceMs: startOfDay(clock.now()) } : {}),
  });
  const what = about === 'TODAY' ? 'today (UTC)' : about;
  if (entries.length === 0) {
    return say(`No audit entries for ${what}.`);
  }
  const shown = entries.slice(-SHOWN);
  const names = await people.names([
    ...new Set(shown.flatMap((entry) => peopleOfEntry(entry, context.config.people))),
  ]);
  const isOneDay = startOfDay(shown[0]?.atMs ?? 0) === startOfDay(clock.now());
  const earlier = entries.length - shown.length;
  const isCut = entries.length === READ_AT_MOST;
  const total = `${counted(entries.length, 'entry', 'entries')}${isCut ? ' or more' : ''}`;
  return {
    text: notification(`Audit of ${what}: ${total}.`),
    blocks: [
      header(`Audit: ${what}`),
      linesSection(
        undefined,
        shown.map((entry) => lineOf(entry, names, isOneDay)),
      ),
      contextBlock([
        small(
          earlier === 0
            ? 'All entries are shown. Times are in UTC.'
            : `Times are in UTC. ${isCut ? 'At least ' : ''}${counted(earlier, 'earlier entry', 'earlier entries')} not shown. At a terminal: watership audit${optionOf(about)}`,
        ),
      ]),
    ],
  };
}

const optionOf = (about: string): string => {
  if (about === 'TODAY') {
    return ' --since 24h';
  }
  return about.startsWith('RUN-') ? ` --run ${about}` : ` --incident ${about}`;
};

const startOfDay = (atMs: number): number => Math.floor(atMs / 86_400_000) * 86_400_000;

function lineOf(entry: RecordedEntry, names: Names, isOneDay: boolean): string {
  const { atMs, actor, text } = entry;
  // Beneath them stands that times are in UTC.
  const when = withoutZone(isOneDay ? utcTime(atMs) : utcMoment(atMs));
  const told = withNames(text, names);
  // Most texts say who it was already.
  const who = actor === 'watership' || namesItsActor(entry) ? '' : `${nameOf(names, actor)}: `;
  const line = `${when} ${who}${told}`;
  return line.length <= LINE ? line : `${line.slice(0, LINE - 1)}…`;
}

async function exportReport({ listener }: CommandCall, id: string): Promise<Reply> {
  const { context, people } = listener.transitions;
  const report = await readPostMortem(context, id, (ids) => people.names(ids));
  if (report === undefined) {
    return say(`No record of ${id}.`);
  }
  const { incident, markdown } = report;
  const place = await context.stores.cards.get(incident.id);
  if (place === undefined) {
    return say(
      `${incident.id} has no message in Slack. At a terminal: watership audit --incident ${incident.id} --markdown`,
    );
  }
  const pieces = await postReport(listener.port, place, markdown);
  return say(`The report of ${incident.id} is in its thread, in ${counted(pieces, 'message')}.`);
}
