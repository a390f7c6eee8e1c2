import type { Tier } from '../../../runbooks/index.ts';
import type { Principal, Roles } from '../../ports/people.ts';
import { type Decision, refuse } from './decision.ts';

/** What has been said about a plan so far, and what its tier wants. */
export interface Tally {
  readonly tier: Tier;
  /** How many different people must say yes. */
  readonly needed: number;
  readonly selfApproval: boolean;
  readonly requestedBy: string;
  /** Who has said yes to this plan already, with the roles they have now: a right that is gone counts no more. */
  readonly voters: readonly Voter[];
  /** Whether this person uses break-glass. It counts only where an ordinary vote does less. */
  readonly breakGlass: boolean;
  /** Whether many things at once may be approved now, without break-glass. */
  readonly isBusinessHours: boolean;
}

/** Somebody who has said yes. */
export interface Voter {
  readonly id: string;
  readonly roles: Roles;
  readonly usedBreakGlass: boolean;
}

/** What the yes of somebody who may say yes does for a plan. */
export function castVote(tally: Tally, principal: Principal): Decision {
  const ordinary = weighVote({ ...tally, breakGlass: false }, principal);
  if (!tally.breakGlass || (ordinary.allowed && ordinary.isEnough)) {
    return ordinary;
  }
  const alone = weighVote(tally, principal);
  if (!alone.allowed) {
    return alone;
  }
  const liftsHours = !ordinary.allowed && ordinary.why === 'outside-hours';
  return alone.isEnough || liftsHours ? { ...alone, breakGlass: true } : ordinary;
}

function weighVote(tally: Tally, principal: Principal): Decision {
  const { breakGlass, tier } = tally;
  const earlier = tally.voters.find(({ id }) => id === principal.id);
  if (earlier !== undefined && (earlier.usedBreakGlass || !breakGlass)) {
    return refuse('already-voted', 'You have already approved this plan. Somebody else must approve it too.');
  }
  const glass = breakGlass ? breakGlassRefused(tally, principal) : undefined;
  if (glass !== undefined) {
    return glass;
  }
  if (tally.requestedBy === principal.id && !mayApproveOwn(tally) && !(breakGlass && tier === 'node')) {
    return refuse('own-request', 'You asked for this plan, so somebody else must approve it.');
  }
  if (tier === 'mass' && !tally.isBusinessHours && !breakGlass) {
    return refuse(
      'outside-hours',
      'A plan for many things at once can be approved in business hours only. If it cannot wait, whoever is on call may use break-glass.',
    );
  }
  const voter: Voter = { id: principal.id, roles: principal.roles, usedBreakGlass: breakGlass };
  const others = tally.voters.filter(({ id }) => id !== principal.id);
  return { allowed: true, isEnough: isApproved(tally, [...others, voter]) };
}

/** Whether a tier allows break-glass: what may be needed at night, when nobody else is awake. */
const allowsBreakGlass = (tier: Tier): boolean => tier === 'node' || tier === 'mass';

function breakGlassRefused({ tier }: Tally, { roles }: Principal): Decision | undefined {
  if (!allowsBreakGlass(tier)) {
    return refuse('no-glass', 'Break-glass is not allowed for this plan: it can wait for its approvers.');
  }
  return roles !== 'unknown' && roles.isOnCall
    ? undefined
    : refuse('not-on-call', 'Only somebody who is on call may use break-glass.');
}

/**
 * Have enough people said yes, by the rights that they have now? Asked at each vote, and again at the moment the run
 * would act.
 */
export function isApproved(
  tally: Pick<Tally, 'tier' | 'needed' | 'selfApproval' | 'requestedBy'>,
  voters: readonly Voter[],
): boolean {
  const { tier, needed, requestedBy } = tally;
  const entitled = [...new Map(voters.map((voter) => [voter.id, voter])).values()].filter(({ roles }) =>
    isEntitled(roles),
  );
  // On call alone at night: one yes stands for two. It lifts the second vote from a node's plan and from no other.
  if (tier === 'node' && entitled.some(({ roles, usedBreakGlass }) => usedBreakGlass && isOnCall(roles))) {
    return true;
  }
  const counted = entitled.filter(({ id }) => id !== requestedBy || mayApproveOwn(tally));
  const hasAdmin = counted.some(({ roles }) => roles !== 'unknown' && roles.isAdmin);
  return counted.length >= needed && (tier !== 'mass' || hasAdmin);
}

/** Restarting a node takes two people, and the one who asked may be one of them; what loses data takes others. */
function mayApproveOwn({ tier, needed, selfApproval }: Pick<Tally, 'tier' | 'needed' | 'selfApproval'>) {
  return selfApproval || (tier === 'node' && needed > 1);
}

const isEntitled = (roles: Roles): boolean => roles !== 'unknown' && (roles.isApprover || roles.isAdmin);

const isOnCall = (roles: Roles): boolean => roles !== 'unknown' && roles.isOnCall;
