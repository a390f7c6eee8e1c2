import type { Permission } from './authorize.ts';
import type { Refusal } from './decision.ts';

/** Reasons to refuse beside those of `authorize`: the click was allowed, but the run has moved on. */
type Late = 'too-late' | 'not-on-the-table';

const whys: Readonly<Record<Refusal | Late, string>> = {
  bot: 'a bot may not',
  guest: 'a guest of the workspace may not',
  foreign: 'somebody of another workspace may not',
  'wrong-channel': 'not in the channel of its cluster',
  'shared-channel': 'the channel is shared with another organisation, or Slack did not say',
  'unknown-roles': 'Slack did not say whether they are an approver',
  'no-rights': 'not an approver',
  'own-request': 'it was their own request',
  'already-voted': 'they had approved it already',
  'not-on-call': 'not on call',
  'no-glass': 'break-glass is not allowed for this plan',
  'outside-hours': 'outside business hours',
  'too-late': 'it came too late',
  'not-on-the-table': 'the plan was no longer open to votes',
};

const whats: Readonly<Record<Permission['kind'], string>> = {
  read: 'looking',
  acknowledge: 'taking the incident',
  diagnose: 'diagnosis',
  halt: 'halt',
  review: 'review',
  choose: 'choosing another option',
  confirm: 'confirming a step',
  rule: 'saying whether a step ran',
  resume: 'resuming',
  maintenance: 'maintenance',
  tap: 'listening in',
  cancel: 'cancelling',
  vote: 'vote',
};

/** Text of a refusal in the audit: `vote refused: not an approver`. */
export const refusalWords = (what: string, why: string): string =>
  `${wordsIn(whats, what)} refused: ${wordsIn(whys, why)}`;

/** What is no code has been put into words already. */
const wordsIn = (words: Readonly<Record<string, string>>, code: string): string =>
  Object.hasOwn(words, code) ? (words[code] ?? code) : code;
