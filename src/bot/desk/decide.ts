import type { Tier } from '../../runbooks/index.ts';

/** Somebody who asks for something, as Slack and the configuration know them at this moment. */
export interface Principal {
  readonly id: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  /** Of another workspace than the one the bot lives in. */
  readonly isForeign: boolean;
  readonly roles: Roles;
}

/** `unknown` when Slack could not be asked: that is never a yes. */
export type Roles = { readonly isApprover: boolean; readonly isAdmin: boolean } | 'unknown';

/** What is asked for. */
export type Ask =
  | { readonly kind: 'read' | 'acknowledge' | 'diagnose' | 'halt' }
  | { readonly kind: 'review' | 'choose' | 'confirm' | 'rule' | 'resume' | 'tap' }
  | { readonly kind: 'cancel'; readonly requestedBy: string }
  | { readonly kind: 'vote'; readonly ballot: Ballot };

/** What has been said about a plan so far, and what its tier wants. */
export interface Ballot {
  readonly tier: Tier;
  /** How many different people must say yes. */
  readonly needed: number;
  readonly selfApproval: boolean;
  readonly requestedBy: string;
  /** Who has said yes to this plan already, with the roles they have now: a right that is gone counts no more. */
  readonly voters: readonly { readonly id: string; readonly roles: Roles }[];
}

/** Where it is asked. */
export type Surface =
  /** A message or a modal of a cluster: it counts only in that cluster's channel. */
  | { readonly kind: 'channel'; readonly channel: string; readonly expected: string }
  /** A slash command: its answer is private, so the channel does not matter. */
  | { readonly kind: 'command' }
  | { readonly kind: 'terminal' };

export type Decision =
  | { readonly allowed: true; readonly isEnough: boolean }
  | { readonly allowed: false; readonly why: Refusal; readonly because: string };

export type Refusal =
  | 'bot'
  | 'guest'
  | 'foreign'
  | 'wrong-channel'
  | 'unknown-roles'
  | 'no-rights'
  | 'own-request'
  | 'already-voted';

/** Who may do what: the one place that says so, for Slack and for the command line. Pure. */
export function decide(ask: Ask, principal: Principal, surface: Surface): Decision {
  return strangerRefused(principal, surface) ?? byRole(ask, principal);
}

function strangerRefused(principal: Principal, surface: Surface): Decision | undefined {
  if (principal.isBot) {
    return refuse('bot', 'Bots may look, but not press buttons here.');
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
  return undefined;
}

function byRole(ask: Ask, principal: Principal): Decision {
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
      return approversOnly(principal, 'choose another way');
    case 'confirm':
      return approversOnly(principal, 'confirm a step');
    case 'rule':
      return approversOnly(principal, 'say what became of a step');
    case 'resume':
      return approversOnly(principal, 'resume what was halted');
    case 'tap':
      return approversOnly(principal, 'listen in on what services say to each other');
    case 'vote':
      return castVote(ask.ballot, principal);
  }
}

function approversOnly({ roles }: Principal, what: string): Decision {
  if (roles === 'unknown') {
    return refuse(
      'unknown-roles',
      'Slack did not say just now whether you are an approver, so this counts as no. Please try again in a moment.',
    );
  }
  return roles.isApprover || roles.isAdmin
    ? yes
    : refuse(
        'no-rights',
        `Thank you, but only approvers may ${what}. Nothing was changed. You can press Diagnose, or ask an approver.`,
      );
}

function castVote(ballot: Ballot, principal: Principal): Decision {
  const entitled = approversOnly(principal, 'approve repairs');
  if (!entitled.allowed) {
    return entitled;
  }
  if (ballot.voters.some(({ id }) => id === principal.id)) {
    return refuse('already-voted', 'You have approved this plan already. Somebody else must say yes too.');
  }
  if (ballot.requestedBy === principal.id && !mayApproveOwn(ballot)) {
    return refuse('own-request', 'You asked for this plan, so somebody else must approve it.');
  }
  const counted = [...ballot.voters, principal].filter(({ roles }) => isEntitled(roles));
  const hasAdmin = counted.some(({ roles }) => roles !== 'unknown' && roles.isAdmin);
  return {
    allowed: true,
    isEnough: counted.length >= ballot.needed && (ballot.tier !== 'mass' || hasAdmin),
  };
}

/** Restarting a node takes two people, and the one who asked may be one of them; what loses data takes others. */
function mayApproveOwn({ tier, needed, selfApproval }: Ballot): boolean {
  return selfApproval || (tier === 'node' && needed > 1);
}

const isEntitled = (roles: Roles): boolean => roles !== 'unknown' && (roles.isApprover || roles.isAdmin);

const yes: Decision = { allowed: true, isEnough: false };

const refuse = (why: Refusal, because: string): Decision => ({ allowed: false, why, because });
