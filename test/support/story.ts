import type { PageMessage, Person, SlackPage } from './slack-page.ts';
import { wordsOf } from './slack-page.ts';

/** A sweep every 3 seconds, a second one to confirm, and time for a busy machine. */
const ALERT_MS = 45_000;
/** Longer than a repair ever took, and shorter than the time that its runbook gives it. */
const REPAIR_MS = 300_000;

/** The first word of a card's header: `P1`, `RESOLVED` … */
const headOf = (card: PageMessage): string =>
  card.blocks.find(({ type }) => type === 'header')?.text?.text ?? '';

/** What stands in small letters: the id, the name of the runbook … */
const footerOf = ({ blocks }: PageMessage): string =>
  wordsOf({ blocks: blocks.filter(({ type }) => type === 'context') });

/** Waits for a card that is not resolved and that says this in its header, first line or footer. */
export function alertAbout(page: SlackPage, words: RegExp): Promise<PageMessage> {
  const isIt = (each: PageMessage): boolean =>
    each.thread_ts === undefined &&
    words.test(`${headOf(each)}\n${each.text}\n${footerOf(each)}`) &&
    !headOf(each).startsWith('RESOLVED');
  return page.until(`an alert about ${words}`, (now) => now.messages().find(isIt), ALERT_MS);
}

/** Waits until the card of this incident offers a fix. */
export function fixOffered(page: SlackPage, card: PageMessage): Promise<PageMessage> {
  return page.until(
    'Review fix on the card',
    (now) => {
      const newest = now.messages().find(({ ts }) => ts === card.ts);
      return newest !== undefined && hasButton(newest, 'incident:review') ? newest : undefined;
    },
    ALERT_MS,
  );
}

/** Clicks Review fix and waits for a plan that can be approved. */
export async function review(page: SlackPage, person: Person, card: PageMessage): Promise<string> {
  page.click(person, await fixOffered(page, card), 'incident:review');
  const modal = await page.until('a plan to approve', (now) =>
    now.modal()?.callback_id === 'approval:submit' ? now.modal() : undefined,
  );
  return wordsOf(modal);
}

/** Approves the plan in the open modal, with everything that it asks for. */
export async function approve(page: SlackPage, person: Person): Promise<void> {
  page.submit(person, { ...typedInto(page), reason: 'the test says so' });
  await page.until('the vote to be recorded', (now) => {
    const modal = now.modal();
    return modal === undefined || /Recorded/.test(wordsOf(modal)) ? true : undefined;
  });
  page.closeModal(person);
}

/** What the open modal wants to be typed: the count of what is lost, or the cluster's name. */
export function typedInto(page: SlackPage): Readonly<Record<string, string>> {
  const count = /Type (\d+)\b/.exec(JSON.stringify(page.modal()))?.[1];
  return count === undefined ? { cluster_name: 'sandbox' } : { count };
}

/** Waits until the card says resolved. */
export function resolved(page: SlackPage, card: PageMessage): Promise<PageMessage> {
  return page.until(
    'the card to say resolved',
    (now) => now.messages().find((each) => each.ts === card.ts && headOf(each).startsWith('RESOLVED')),
    REPAIR_MS,
  );
}

/** Waits until no card is open, so that the next story begins with a quiet page. */
export async function quiet(page: SlackPage): Promise<void> {
  await page.until(
    'every card to be resolved',
    (now) => (now.messages().some(isOpenCard) ? undefined : true),
    REPAIR_MS,
  );
}

const isOpenCard = (each: PageMessage): boolean => each.thread_ts === undefined && /^P\d/.test(headOf(each));

/** Everything in a card's thread, oldest first. */
export function threadOf(page: SlackPage, card: PageMessage): string {
  return page
    .messages()
    .filter((each) => each.thread_ts === card.ts)
    .map((each) => each.text)
    .join('\n');
}

const hasButton = (card: PageMessage, actionId: string): boolean =>
  card.blocks.some(({ elements = [] }) => elements.some((element) => element.action_id === actionId));
