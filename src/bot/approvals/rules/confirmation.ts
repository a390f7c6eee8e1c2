import { definite } from '../../../rpc/index.ts';
import type { Plan, Run, Tier } from '../../../runbooks/index.ts';
import type { PeopleConfig } from '../../config/config.ts';
import { counted } from '../../wording/words.ts';

/** Where a slip of the thumb would cost something, what is at stake is typed. */
const typedByDefault: Readonly<Record<Tier, boolean>> = {
  read: false,
  reversible: false,
  destructive: true,
  node: true,
  mass: true,
};

/** What must be typed before a yes counts: the count of what is lost where something is, else the cluster's name. */
export type Confirmation =
  | { readonly kind: 'none' }
  | { readonly kind: 'cluster'; readonly expected: string }
  | {
      readonly kind: 'count';
      readonly expected: number;
      readonly of: 'messages' | 'queues';
      /** How many messages there were when the plan was made: fewer than may come until then. */
      readonly now?: number;
    };

export function confirmationOf(
  people: PeopleConfig,
  { cluster }: Pick<Run, 'cluster'>,
  plan: Plan,
): Confirmation {
  if (!(people.typedConfirmation?.[plan.tier] ?? typedByDefault[plan.tier])) {
    return { kind: 'none' };
  }
  const { toll } = plan;
  // A node's plan is about the node, even where something goes with it.
  if (toll === undefined || plan.tier === 'node') {
    return { kind: 'cluster', expected: cluster };
  }
  return toll.messages > 0
    ? {
        kind: 'count',
        expected: toll.messages,
        of: 'messages',
        ...definite({ now: plan.unreadNow }),
      }
    : { kind: 'count', expected: toll.queues, of: 'queues' };
}

/**
 * Digits, or groups of three with one kind of separator between them: `7,697` and `7 697` are 7697. Anything else is none of them:
 * `1.0` is not ten.
 */
const COUNT = /^(?:\d+|\d{1,3}([,.'’\u0020\u00a0\u2009\u202f])\d{3}(?:\1\d{3})*)$/;

/** Whether what was typed is what had to be typed. */
export function isConfirmed(confirmation: Confirmation, typed: string): boolean {
  switch (confirmation.kind) {
    case 'none':
      return true;
    case 'cluster':
      return typed.trim() === confirmation.expected;
    case 'count':
      return COUNT.test(typed.trim()) && typed.replaceAll(/\D/g, '') === String(confirmation.expected);
  }
}

/** What is asked for, in the same words beside the field, in an error and at the command line. One spelling of the number. */
export function whatToType(confirmation: Confirmation): string {
  switch (confirmation.kind) {
    case 'none':
      return 'Nothing needs to be typed.';
    case 'cluster':
      return `Type the cluster’s name to confirm: ${confirmation.expected}`;
    case 'count': {
      const { expected, of, now } = confirmation;
      if (of === 'queues') {
        return `${counted(expected, 'queue')} will be deleted. Type ${expected}.`;
      }
      const soFar =
        now === undefined ? '' : `The plan counted ${counted(now, 'message')}; there may be more now. `;
      return `${soFar}Type ${expected} to allow deletion while there are at most that many messages.`;
    }
  }
}

/** What somebody on call types to stand for the second vote. */
export const breakGlassPhrase = ({ cluster }: Pick<Run, 'cluster'>): string => `break glass ${cluster}`;

/** A reason is wanted for everything that cannot simply be undone. */
export const isReasonNeeded = (tier: Tier): boolean => tier !== 'read' && tier !== 'reversible';
