import type { PageMessage } from '../../support/slack-page.ts';
import { wordsOf } from '../../support/slack-page.ts';
import type { Violation } from './check.ts';
import { buttonsOf, cardsOf, headOf } from './page-words.ts';
import type { StoredIncident, StoredRun } from './state.ts';

/** States in which a run still wants something. */
export const activeStates: readonly string[] = ['diagnosing', 'proposed', 'checking', 'acting', 'unknown'];

/** What only a run that still goes on may say in its heading. */
const GOING_ON = /diagnosing|waits for approval|checking once more|step \d+ of|must check what happened/;

/** Does what the page shows agree with what is written down? */
export function checkCards(seen: {
  readonly messages: readonly PageMessage[];
  readonly incidents: readonly StoredIncident[];
  readonly runs: readonly StoredRun[];
}): readonly Violation[] {
  return [
    ...seen.incidents.flatMap((incident) => cardTrue(incident, seen)),
    ...seen.runs.flatMap((run) => progressTrue(run, seen.messages)),
  ];
}

function cardTrue(
  { id, state, mutedBy }: StoredIncident,
  { messages, runs }: { readonly messages: readonly PageMessage[]; readonly runs: readonly StoredRun[] },
): readonly Violation[] {
  const cards = cardsOf(messages, id);
  const no = (text: string): Violation => ({ rule: 'card', about: id, text });
  if (cards.length === 0) {
    return mutedBy === undefined ? [no('it has no card')] : [];
  }
  if (cards.length > 1) {
    return [no(`it has ${cards.length} cards`)];
  }
  return cards.flatMap((card) => {
    const head = headOf(card);
    const words = wordsOf(card);
    const repairedBy = /Repaired by (RUN-\d+)/.exec(words)?.[1];
    const done = runs.find((run) => run.incident === id && run.state === 'done');
    const isResolved = head.startsWith('RESOLVED');
    return [
      ...(isResolved === (state === 'resolved') ? [] : [no(`it is ${state}, and its card says “${head}”`)]),
      ...(repairedBy === undefined || runs.find((run) => run.id === repairedBy)?.state === 'done'
        ? []
        : [no(`its card says that ${repairedBy} has repaired it, and that run is not done`)]),
      ...(done !== undefined && /without a repair|Not repaired/.test(words)
        ? [no(`its card says that it was not repaired, and ${done.id} has repaired it`)]
        : []),
      ...(isResolved && buttonsOf(card).some(({ action_id }) => action_id !== undefined)
        ? [no('it is resolved, and its card still has buttons')]
        : []),
    ];
  });
}

/** A message of a run that has ended neither asks for anything nor says that it goes on. */
function progressTrue(run: StoredRun, messages: readonly PageMessage[]): readonly Violation[] {
  if (activeStates.includes(run.state)) {
    return [];
  }
  return messages
    .filter(
      (message) =>
        message.thread_ts !== undefined && headOf(message) !== '' && wordsOf(message).includes(run.id),
    )
    .flatMap((message) => {
      const head = headOf(message);
      const asks = buttonsOf(message).some(({ action_id = '' }) => action_id.startsWith('run:'));
      const no = (text: string): Violation => ({ rule: 'card', about: run.id, text });
      return [
        ...(GOING_ON.test(head) ? [no(`it is ${run.state}, and its message says “${head}”`)] : []),
        ...(asks ? [no(`it is ${run.state}, and its message still has buttons`)] : []),
      ];
    });
}
