import type { BlockAction, SlackViewAction } from '@slack/bolt';
import { definite } from '../../../rpc/index.ts';
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
  ...definite({ userTeam: user.team_id, team: team?.id, enterprise: enterprise?.id }),
});
