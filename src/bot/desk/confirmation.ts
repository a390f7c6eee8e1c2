import type { Tier } from '../../runbooks/index.ts';
import type { PeopleConfig } from '../config/config.ts';

/** Where a slip of the thumb would cost something, the cluster's name is typed. */
const typedByDefault: Readonly<Record<Tier, boolean>> = {
  read: false,
  reversible: false,
  destructive: true,
  node: true,
  mass: true,
};

export const isTypedNeeded = (people: PeopleConfig, tier: Tier): boolean =>
  people.typedConfirmation?.[tier] ?? typedByDefault[tier];

/** A reason is wanted for everything that cannot simply be undone. */
export const isReasonNeeded = (tier: Tier): boolean => tier !== 'read' && tier !== 'reversible';
