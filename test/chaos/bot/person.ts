import { setTimeout as sleep } from 'node:timers/promises';
import type { PageMessage, Person } from '../../support/slack-page.ts';
import { wordsOf } from '../../support/slack-page.ts';
import { typedInto } from '../../support/story.ts';
import type { House } from './house.ts';
import type { Moments } from './moments.ts';
import { buttonsOf, cardsOf, hasButton, headOf } from './page-words.ts';
import type { StoredIncident, StoredRun } from './state.ts';
import type { Trouble } from './trouble.ts';

/** Lets one after the other: the Slack page has one dialog. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function openTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

const LOOK_MS = 150;
/** After so long without a card the broker is asked whether the trouble is still there. */
const UNSEEN_MS = 20_000;
const DIALOG_MS = 12_000;
const VOTE_MS = 8_000;
const waitingStates = ['diagnosing', 'checking', 'acting'];

/** Somebody on call: treats one trouble by what the page shows, and tries again when a click came to nothing. */
export async function treat(
  house: House,
  trouble: Trouble,
  options: {
    readonly person: Person;
    /** An incident of before is of another fault, though it has the same name. */
    readonly madeAtMs: number;
    readonly inTurn: InTurn;
    readonly moments: Moments;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { page, state } = house;
  const { person, madeAtMs, inTurn, moments, signal } = options;
  moments.reached('alert');
  let blindSince = performance.now();
  while (!signal.aborted) {
    await sleep(LOOK_MS);
    const now = await lookAt(house, trouble, madeAtMs);
    if (now === undefined) {
      if (performance.now() - blindSince < UNSEEN_MS) {
        continue;
      }
      // What a dying node took along before anybody had noticed is nobody's trouble any more.
      if ((await trouble.isTreated().catch(() => undefined)) === true) {
        return;
      }
      blindSince = performance.now();
      continue;
    }
    const { card, run } = now;
    tellMoment(moments, run);
    if (await state.isHalted().catch(() => false)) {
      await inTurn(resume);
    }
    if (headOf(card).startsWith('RESOLVED')) {
      return;
    }
    if (run?.state === 'unknown') {
      await inTurn(() => answer(house, trouble, run, person));
    } else if (!waitingStates.includes(run?.state ?? '') && hasButton(card, 'incident:review')) {
      await inTurn(() => reviewAndApprove(card));
    }
  }

  /** With so much broken the circuit breaker halts everything; whoever is on call has seen why, and goes on. */
  async function resume(): Promise<void> {
    if (!(await state.isHalted().catch(() => false))) {
      return;
    }
    page.command(person, 'resume');
    const until = performance.now() + VOTE_MS;
    while (performance.now() < until && (await state.isHalted().catch(() => true))) {
      await sleep(LOOK_MS);
    }
  }

  async function reviewAndApprove(card: PageMessage): Promise<void> {
    const newest = page.messages().find(({ ts }) => ts === card.ts);
    if (newest === undefined || !hasButton(newest, 'incident:review')) {
      return;
    }
    page.click(person, newest, 'incident:review');
    moments.reached('review');
    const isPlan = () => page.modal()?.callback_id === 'approval:submit';
    if (await within(DIALOG_MS, isPlan)) {
      page.submit(person, { ...typedInto(page), reason: 'the chaos says so' });
      moments.reached('approval');
      await within(VOTE_MS, () => !isPlan() || Object.keys(page.mistakes()).length > 0);
    }
    page.closeModal(person);
    await within(2_000, () => page.modal() === undefined);
    const after = await state.runs().catch(() => []);
    tellMoment(
      moments,
      after.find(({ key }) => key === after.at(-1)?.key),
    );
  }
}

/** The newest incident about the trouble with its card and its run; undefined while there is none, or Redis is away. */
async function lookAt(
  { page, state }: House,
  trouble: Trouble,
  sinceMs: number,
): Promise<
  { readonly incident: StoredIncident; readonly card: PageMessage; readonly run?: StoredRun } | undefined
> {
  try {
    const incident = (await state.incidents()).findLast(
      (each) => each.openedAtMs >= sinceMs && trouble.isAbout(each),
    );
    const card = incident && cardsOf(page.messages(), incident.id).at(-1);
    if (incident === undefined || card === undefined) {
      return undefined;
    }
    const run = (await state.runs()).find(({ id }) => id === incident.run);
    return { incident, card, ...(run === undefined ? {} : { run }) };
  } catch {
    return undefined;
  }
}

function tellMoment(moments: Moments, run: StoredRun | undefined): void {
  if (run?.state === 'checking') {
    moments.reached('check');
  }
  if (run?.state === 'acting') {
    moments.reached('act');
  }
  if (run?.items.some((item) => item.state === 'watching')) {
    moments.reached('verify');
  }
}

/** The bot asks what became of a step: looks at the broker, and says what is seen there. */
async function answer(house: House, trouble: Trouble, run: StoredRun, person: Person): Promise<void> {
  const isTreated = await trouble.isTreated().catch(() => undefined);
  if (isTreated === undefined) {
    return;
  }
  const actionId = `run:rule:${isTreated ? 'it-happened' : 'do-it-again'}`;
  const asking = house.page
    .messages()
    .findLast((message) =>
      buttonsOf(message).some(
        ({ action_id, value = '' }) => action_id === actionId && value.startsWith(`${run.id} `),
      ),
    );
  if (asking === undefined) {
    return;
  }
  house.page.click(person, asking, actionId);
  await within(VOTE_MS, () => {
    const now = house.page.messages().find(({ ts }) => ts === asking.ts);
    return now === undefined || !wordsOf(now).includes(actionId) || !hasButton(now, actionId);
  });
}

async function within(limitMs: number, holds: () => boolean): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > until) {
      return false;
    }
    await sleep(50);
  }
  return true;
}
