import type { BlockAction, SlackViewAction } from '@slack/bolt';
import { type Caller, channelSurface } from '../../approvals/rules/caller.ts';
import type { ListenerContext } from './listener-context.ts';

/** Who acted, from which workspace, and in which channel: what Slack's payloads about a click have in common. */
export const callerOf = (
  { transitions }: ListenerContext,
  { user, team, enterprise }: Pick<BlockAction | SlackViewAction, 'user' | 'team' | 'enterprise'>,
  channel: string,
): Caller => ({
  user: user.id,
  surface: channelSurface(transitions.people, channel),
  ...(user.team_id === undefined ? {} : { userTeam: user.team_id }),
  ...(team?.id === undefined ? {} : { team: team.id }),
  ...(enterprise?.id === undefined ? {} : { enterprise: enterprise.id }),
});
