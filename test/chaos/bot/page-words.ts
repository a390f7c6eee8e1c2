import type { PageMessage } from '../../support/slack-page.ts';

/** What stands in a message's largest letters. */
export const headOf = ({ blocks }: PageMessage): string =>
  blocks.find(({ type }) => type === 'header')?.text?.text ?? '';

/** The cards of an incident, by the id that the bot gives their first block. One is right. */
export const cardsOf = (messages: readonly PageMessage[], incident: string): readonly PageMessage[] =>
  messages.filter(
    ({ thread_ts, blocks }) =>
      thread_ts === undefined && blocks.some(({ block_id = '' }) => block_id.startsWith(`${incident}.`)),
  );

/** Every button of a message. */
export const buttonsOf = ({ blocks }: PageMessage) => blocks.flatMap(({ elements = [] }) => elements);

/** Does the message carry this button? */
export const hasButton = (message: PageMessage, actionId: string): boolean =>
  buttonsOf(message).some(({ action_id }) => action_id === actionId);
