import { atItsWorst, type Incident, type Run, type Runbook } from '../../runbooks/index.ts';
import type { BotConfig } from '../config/config.ts';
import { peopleOfEntry, peopleOfRun } from '../record/people-of.ts';
import type { Stores } from '../stores/stores.ts';
import { runbookText } from '../wording/runbook-text.ts';
import type { Names } from '../wording/words.ts';
import { postMortem } from './post-mortem.ts';

/** More than any incident has: a reader must not wait for ever on a strange one. */
const ENTRIES_AT_MOST = 5_000;

/** Gathers what is known about an incident, or about the one that a run treats. Undefined when there is none of that name. */
export async function readPostMortem(
  {
    stores,
    book,
    config,
  }: {
    readonly stores: Pick<Stores, 'incidents' | 'runs' | 'audit'>;
    readonly book: readonly Runbook[];
    readonly config: Pick<BotConfig, 'people'>;
  },
  id: string,
  namesOf: (people: readonly string[]) => Promise<Names>,
): Promise<{ readonly incident: Incident; readonly markdown: string } | undefined> {
  const asked = id.startsWith('RUN-') ? (await stores.runs.get(id))?.incident : id;
  const stored = asked === undefined ? undefined : await stores.incidents.get(asked);
  if (stored === undefined) {
    return undefined;
  }
  const incident = stored.state === 'resolved' ? atItsWorst(stored) : stored;

  const entries = await stores.audit.read({ incident: incident.id, limit: ENTRIES_AT_MOST });
  const ids = [
    ...new Set([
      ...entries.flatMap(({ run }) => run ?? []),
      ...(incident.run === undefined ? [] : [incident.run]),
    ]),
  ];
  const runs = (await Promise.all(ids.map((run) => stores.runs.get(run)))).filter(isKept);
  const { title, headline } = runbookText(book, incident);
  const people = new Set([
    ...entries.flatMap((entry) => peopleOfEntry(entry, config.people)),
    ...(incident.owner === undefined ? [] : [incident.owner]),
    ...runs.flatMap(peopleOfRun),
  ]);
  const names = await namesOf([...people]);
  return { incident, markdown: postMortem({ incident, title, headline, runs, entries, names }) };
}

const isKept = (run: Run | undefined): run is Run => run !== undefined;
