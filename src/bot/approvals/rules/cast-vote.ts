import type { Tier } from '../../../runbooks/index.ts';
import { type Decision, type Principal, type Roles, refuse } from './decision.ts';

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

/** What the yes of somebody who may say yes does for a plan. */
export function castVote(ballot: Ballot, principal: Principal): Decision {
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
