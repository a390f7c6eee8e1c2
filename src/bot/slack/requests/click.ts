import type { BlockAction, SlackViewAction } from '@slack/bolt';
import type { Caller } from '../../approvals/answer.ts';

/** Who acted, from which workspace, and in which channel: what Slack's payloads about a click have in common. */
export const callerOf = (
  { user, team, enterprise }: Pick<BlockAction | SlackViewAction, 'user' | 'team' | 'enterprise'>,
  channel: string,
): Caller => ({
  user: user.id,
  channel,
  ...(user.team_id === undefined ? {} : { userTeam: user.team_id }),
  ...(team?.id === undefined ? {} : { team: team.id }),
  ...(enterprise?.id === undefined ? {} : { enterprise: enterprise.id }),
});
