import type { Run } from '../../runbooks/index.ts';
import type { PeopleConfig } from '../config/config.ts';
import type { StoredEntry } from './entry.ts';

/* Ids of the people of whom something stored speaks, from its fields. A sentence is read only where 0.1.0 stored nothing else. */

/** What the configuration says of who is a person. */
type KnownPeople = Pick<PeopleConfig, 'approvers' | 'adminApprovers' | 'onCall' | 'owners' | 'cli'>;

/** People whom the reason of a run's end names. */
export function peopleOfEnd({ endedBy, state, because = '' }: Run): readonly string[] {
  switch (endedBy?.kind) {
    case 'cancelled':
    case 'given-up':
      return [endedBy.by];
    case 'approval-lost':
      return endedBy.voters;
    case undefined: {
      // 0.1.0 said it in this sentence alone.
      const by = state === 'cancelled' ? /^(\S+) cancelled it/.exec(because)?.[1] : undefined;
      return by === undefined ? [] : [by];
    }
    default:
      return [];
  }
}

/** People of whom a run speaks: who asked, approved, stopped or ended it, and who said what became of its steps. */
export const peopleOfRun = (run: Run): readonly string[] => [
  run.requestedBy,
  ...(run.stopWanted === undefined ? [] : [run.stopWanted.by]),
  ...run.votes.map(({ by }) => by),
  ...run.items.flatMap(({ by }) => by ?? []),
  ...peopleOfEnd(run),
];

/** People of whom an audit entry speaks: who did it, who has said yes, and whom its text names. */
export const peopleOfEntry = (
  { actor, votes = [], people, text }: Pick<StoredEntry, 'actor' | 'votes' | 'people' | 'text'>,
  config: KnownPeople,
): readonly string[] => [
  ...new Set([idOfActor(actor), ...votes, ...(people ?? idsIn(`${actor} ${text}`, config))]),
];

/** Whether the text of an entry says by itself who did it. */
export const namesItsActor = ({
  actor,
  people,
  text,
}: Pick<StoredEntry, 'actor' | 'people' | 'text'>): boolean =>
  people === undefined ? text.includes(idOfActor(actor)) : people.includes(idOfActor(actor));

/** An actor is an id, or at a terminal `cli:<user> (<id>)`. */
const idOfActor = (actor: string): string => /^cli:.* \((\S+)\)$/.exec(actor)?.[1] ?? actor;

/** Slack's ids are longer than the words people write in capitals, and hold a digit: `UTC`, `URL` and `UTF8` are none. */
const slackId = /^[UW](?=[A-Z]*\d)[A-Z0-9]{8,}$/;

/** Ids in the text of an entry that 0.1.0 wrote: what looks like one, or what the configuration names. */
export function idsIn(
  text: string,
  { approvers, adminApprovers, onCall, owners, cli }: KnownPeople,
): string[] {
  const known = new Set([approvers, adminApprovers, onCall, owners, Object.values(cli)].flat());
  const words = text.match(/\b[UW][A-Z0-9_]+\b/g) ?? [];
  return words.filter((word) => known.has(word) || slackId.test(word));
}
