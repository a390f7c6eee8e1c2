import type { Principal, Sharing } from '../../ports/people.ts';
import { castVote, type Tally } from './cast-vote.ts';
import { type Decision, refuse } from './decision.ts';

/** What is asked for. */
export type Permission =
  | { readonly kind: 'read' | 'acknowledge' | 'diagnose' | 'halt' }
  | { readonly kind: 'review' | 'choose' | 'confirm' | 'rule' | 'resume' | 'maintenance' | 'tap' }
  | { readonly kind: 'cancel'; readonly requestedBy: string }
  | { readonly kind: 'vote'; readonly tally: Tally };

/** Where it is asked. */
export type Surface =
  /** A message or a modal of a cluster: it counts only in that cluster's channel. */
  | {
      readonly kind: 'channel';
      readonly channel: string;
      readonly expected: string;
      readonly sharing: Sharing;
    }
  /** A slash command: its answer is private, so the channel does not matter. */
  | { readonly kind: 'command' }
  | { readonly kind: 'terminal' };

/** Who may do what: the one place that says so, for Slack and for the command line. Pure. */
export function authorize(ask: Permission, principal: Principal, surface: Surface): Decision {
  return strangerRefused(principal, surface) ?? unsureRefused(ask, surface) ?? byRole(ask, principal);
}

/** Whether break-glass would help this person: asked before the field is shown, by the rule that counts the vote. */
export function isBreakGlassOffered(tally: Tally, principal: Principal, surface: Surface): boolean {
  const decision = authorize({ kind: 'vote', tally: { ...tally, breakGlass: true } }, principal, surface);
  return decision.allowed && decision.breakGlass === true;
}

const yes: Decision = { allowed: true, isEnough: false };

/** What changes nothing, or only stops, may be asked where nobody can say who reads along. */
const harmless: readonly Permission['kind'][] = ['read', 'acknowledge', 'diagnose', 'halt'];

function unsureRefused({ kind }: Permission, surface: Surface): Decision | undefined {
  return surface.kind === 'channel' && surface.sharing === 'unknown' && !harmless.includes(kind)
    ? refuse(
        'shared-channel',
        'Slack did not say just now whether this channel is shared with another organisation, so the request is refused. Please try again in a moment.',
      )
    : undefined;
}

function strangerRefused(principal: Principal, surface: Surface): Decision | undefined {
  if (principal.isBot) {
    return refuse('bot', 'Bots may read here, but not press buttons.');
  }
  if (principal.isForeign) {
    return refuse('foreign', 'This works only for people of the workspace that the bot belongs to.');
  }
  if (principal.isGuest) {
    return refuse('guest', 'Guests of the workspace cannot do this. Please ask somebody on the team.');
  }
  if (surface.kind === 'channel' && surface.channel !== surface.expected) {
    return refuse(
      'wrong-channel',
      'This message is not in its cluster’s channel, so its buttons do nothing.',
    );
  }
  if (surface.kind === 'channel' && surface.sharing === 'shared') {
    return refuse(
      'shared-channel',
      'This channel is shared with another organisation, so its buttons do nothing. Please move the alerts to a channel of your own.',
    );
  }
  return undefined;
}

function byRole(ask: Permission, principal: Principal): Decision {
  switch (ask.kind) {
    case 'read':
    case 'acknowledge':
    case 'diagnose':
    case 'halt':
      return yes;
    case 'cancel':
      return ask.requestedBy === principal.id
        ? yes
        : approversOnly(principal, 'withdraw somebody else’s plan');
    case 'review':
      return approversOnly(principal, 'approve repairs');
    case 'choose':
      return approversOnly(principal, 'choose another option');
    case 'confirm':
      return approversOnly(principal, 'confirm a step');
    case 'rule':
      return approversOnly(principal, 'say whether a step ran');
    case 'resume':
      return approversOnly(principal, 'resume repairs', ASK_ONE);
    case 'maintenance':
      return approversOnly(
        principal,
        'announce or end maintenance, because it silences notifications',
        ASK_ONE,
      );
    case 'tap':
      return approversOnly(principal, 'listen to the messages between services', ASK_ONE);
    case 'vote': {
      const entitled = approversOnly(principal, 'approve repairs');
      return entitled.allowed ? castVote(ask.tally, principal) : entitled;
    }
  }
}

/** What somebody without the right can do about an incident, and about what is no incident. */
const DIAGNOSE = 'You can press Diagnose, or ask an approver.';
const ASK_ONE = 'Please ask an approver.';

function approversOnly({ roles }: Principal, what: string, instead = DIAGNOSE): Decision {
  if (roles === 'unknown') {
    return refuse(
      'unknown-roles',
      'Slack did not say just now whether you are an approver, so the request is refused. Please try again in a moment.',
    );
  }
  return roles.isApprover || roles.isAdmin
    ? yes
    : refuse('no-rights', `Thank you, but only approvers may ${what}. Nothing was changed. ${instead}`);
}
