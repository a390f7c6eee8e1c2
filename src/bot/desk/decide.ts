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
export type Roles =
  | { readonly isApprover: boolean; readonly isAdmin: boolean; readonly isOnCall: boolean }
  | 'unknown';

/** What is asked for. */
export type Ask =
  | { readonly kind: 'read' | 'acknowledge' | 'diagnose' | 'halt' }
  | { readonly kind: 'review' | 'choose' | 'confirm' | 'rule' | 'resume' | 'maintenance' | 'tap' }
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
  readonly voters: readonly Voter[];
  /** Does this person want to stand alone for what is missing? It counts only where an ordinary vote does less. */
  readonly breaksGlass: boolean;
  /** May many things at once be approved now, without breaking the glass? */
  readonly isBusinessHours: boolean;
}

/** Somebody who has said yes. */
export interface Voter {
  readonly id: string;
  readonly roles: Roles;
  readonly brokeGlass: boolean;
}

/** Where it is asked. */
export type Surface =
  /** A message or a modal of a cluster: it counts only in that cluster's channel. */
  | {
      readonly kind: 'channel';
      readonly channel: string;
      readonly expected: string;
      /** Do people of other organisations read it? `unknown` when Slack could not be asked. */
      readonly sharing: 'own' | 'shared' | 'unknown';
    }
  /** A slash command: its answer is private, so the channel does not matter. */
  | { readonly kind: 'command' }
  | { readonly kind: 'terminal' };

export type Decision =
  | {
      readonly allowed: true;
      readonly isEnough: boolean;
      /** Only of a vote: it breaks the glass. Where an ordinary vote does as much, asking for it breaks nothing. */
      readonly breaksGlass?: boolean;
    }
  | { readonly allowed: false; readonly why: Refusal; readonly because: string };

export type Refusal =
  | 'bot'
  | 'guest'
  | 'foreign'
  | 'wrong-channel'
  | 'shared-channel'
  | 'unknown-roles'
  | 'no-rights'
  | 'own-request'
  | 'already-voted'
  | 'not-on-call'
  | 'no-glass'
  | 'outside-hours';

/** Who may do what: the one place that says so, for Slack and for the command line. Pure. */
export function decide(ask: Ask, principal: Principal, surface: Surface): Decision {
  return strangerRefused(principal, surface) ?? unsureRefused(ask, surface) ?? byRole(ask, principal);
}

/** What changes nothing, or only stops, may be asked where nobody can say who reads along. */
const harmless: readonly Ask['kind'][] = ['read', 'acknowledge', 'diagnose', 'halt'];

function unsureRefused({ kind }: Ask, surface: Surface): Decision | undefined {
  return surface.kind === 'channel' && surface.sharing === 'unknown' && !harmless.includes(kind)
    ? refuse(
        'shared-channel',
        'Slack did not say just now whether this channel is shared with another organisation, so this counts as no. Please try again in a moment.',
      )
    : undefined;
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
  if (surface.kind === 'channel' && surface.sharing === 'shared') {
    return refuse(
      'shared-channel',
      'This channel is shared with another organisation, so its buttons do nothing. Please move the alerts to a channel of your own.',
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
      return approversOnly(principal, 'resume what was halted', ASK_ONE);
    case 'maintenance':
      return approversOnly(
        principal,
        'announce maintenance or end it, because it makes alerts quiet',
        ASK_ONE,
      );
    case 'tap':
      return approversOnly(principal, 'listen in on what services say to each other', ASK_ONE);
    case 'vote':
      return castVote(ask.ballot, principal);
  }
}

/** What somebody without the right can do about an incident, and about what is no incident. */
const DIAGNOSE = 'You can press Diagnose, or ask an approver.';
const ASK_ONE = 'Please ask an approver.';

function approversOnly({ roles }: Principal, what: string, instead = DIAGNOSE): Decision {
  if (roles === 'unknown') {
    return refuse(
      'unknown-roles',
      'Slack did not say just now whether you are an approver, so this counts as no. Please try again in a moment.',
    );
  }
  return roles.isApprover || roles.isAdmin
    ? yes
    : refuse('no-rights', `Thank you, but only approvers may ${what}. Nothing was changed. ${instead}`);
}

function castVote(ballot: Ballot, principal: Principal): Decision {
  const entitled = approversOnly(principal, 'approve repairs');
  if (!entitled.allowed) {
    return entitled;
  }
  const ordinary = weighVote({ ...ballot, breaksGlass: false }, principal);
  if (!ballot.breaksGlass || (ordinary.allowed && ordinary.isEnough)) {
    return ordinary;
  }
  const alone = weighVote(ballot, principal);
  if (!alone.allowed) {
    return alone;
  }
  const liftsHours = !ordinary.allowed && ordinary.why === 'outside-hours';
  return alone.isEnough || liftsHours ? { ...alone, breaksGlass: true } : ordinary;
}

/** The glass is for who gains something by it: asked before the field is shown, by the rule that counts the vote. */
export function isGlassOffered(ballot: Ballot, principal: Principal, surface: Surface): boolean {
  const decision = decide({ kind: 'vote', ballot: { ...ballot, breaksGlass: true } }, principal, surface);
  return decision.allowed && decision.breaksGlass === true;
}

function weighVote(ballot: Ballot, principal: Principal): Decision {
  const { breaksGlass, tier } = ballot;
  const earlier = ballot.voters.find(({ id }) => id === principal.id);
  if (earlier !== undefined && (earlier.brokeGlass || !breaksGlass)) {
    return refuse('already-voted', 'You have approved this plan already. Somebody else must say yes too.');
  }
  const glass = breaksGlass ? glassRefused(ballot, principal) : undefined;
  if (glass !== undefined) {
    return glass;
  }
  if (ballot.requestedBy === principal.id && !mayApproveOwn(ballot) && !(breaksGlass && tier === 'node')) {
    return refuse('own-request', 'You asked for this plan, so somebody else must approve it.');
  }
  if (tier === 'mass' && !ballot.isBusinessHours && !breaksGlass) {
    return refuse(
      'outside-hours',
      'Many things at once are approved in business hours only. If it cannot wait, who is on call may break the glass.',
    );
  }
  const voter: Voter = { id: principal.id, roles: principal.roles, brokeGlass: breaksGlass };
  const others = ballot.voters.filter(({ id }) => id !== principal.id);
  return { allowed: true, isEnough: isCarried(ballot, [...others, voter]) };
}

/** The tiers that have a glass: what may be needed at night, when nobody else is awake. */
const hasGlass = (tier: Tier): boolean => tier === 'node' || tier === 'mass';

function glassRefused({ tier }: Ballot, { roles }: Principal): Decision | undefined {
  if (!hasGlass(tier)) {
    return refuse('no-glass', 'For this plan there is no glass to break: it can wait for its approvers.');
  }
  return roles !== 'unknown' && roles.isOnCall
    ? undefined
    : refuse('not-on-call', 'Only somebody who is on call may break the glass.');
}

/**
 * Have enough people said yes, by the rights that they have now? Asked at each vote, and again at the moment the run
 * would act.
 */
export function isCarried(
  ballot: Pick<Ballot, 'tier' | 'needed' | 'selfApproval' | 'requestedBy'>,
  voters: readonly Voter[],
): boolean {
  const { tier, needed, requestedBy } = ballot;
  const entitled = [...new Map(voters.map((voter) => [voter.id, voter])).values()].filter(({ roles }) =>
    isEntitled(roles),
  );
  // On call alone at night: one yes stands for two. It lifts the second vote from a node's plan and from no other.
  if (tier === 'node' && entitled.some(({ roles, brokeGlass }) => brokeGlass && isOnCall(roles))) {
    return true;
  }
  const counted = entitled.filter(({ id }) => id !== requestedBy || mayApproveOwn(ballot));
  const hasAdmin = counted.some(({ roles }) => roles !== 'unknown' && roles.isAdmin);
  return counted.length >= needed && (tier !== 'mass' || hasAdmin);
}

/** Restarting a node takes two people, and the one who asked may be one of them; what loses data takes others. */
function mayApproveOwn({ tier, needed, selfApproval }: Pick<Ballot, 'tier' | 'needed' | 'selfApproval'>) {
  return selfApproval || (tier === 'node' && needed > 1);
}

const isEntitled = (roles: Roles): boolean => roles !== 'unknown' && (roles.isApprover || roles.isAdmin);

const isOnCall = (roles: Roles): boolean => roles !== 'unknown' && roles.isOnCall;

const yes: Decision = { allowed: true, isEnough: false };

const refuse = (why: Refusal, because: string): Decision => ({ allowed: false, why, because });
