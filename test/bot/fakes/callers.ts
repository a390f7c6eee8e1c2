import type { Caller } from '../../../src/bot/approvals/rules/caller.ts';

/** Somebody of the bot's own workspace at a button or a window of a channel that only the team reads. */
export const inChannel = (user: string, channel: string): Caller => ({
  user,
  surface: { kind: 'channel', channel, sharing: 'own' },
  userTeam: 'T1',
  team: 'T1',
});

/** Somebody who typed a slash command. */
export const byCommand = (user: string): Caller => ({ user, surface: { kind: 'command' } });
