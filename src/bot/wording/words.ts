import type { Severity, Tier } from '../../runbooks/index.ts';

export {
  count,
  counted,
  listed,
  span,
  spanSoFar,
  utcDay,
  utcMoment,
  utcTime,
  withoutZone,
} from '../../runbooks/index.ts';

/** How urgent, as people on call say it. */
export const priority: Readonly<Record<Severity, string>> = { critical: 'P1', warning: 'P2', info: 'P3' };

/** The first and last characters of a plan's hash: enough to compare by eye. */
export function shortHash(hash: string): string {
  return hash.length <= 8 ? hash : `${hash.slice(0, 4)}..${hash.slice(-2)}`;
}

/** A sentence ends with a full stop, whoever wrote it. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Who must say yes, in words. */
export function whoMustApprove(tier: Tier, needed: number, selfApproval: boolean): string {
  const people = needed === 1 ? 'One approver' : `${needed} different approvers`;
  switch (tier) {
    case 'read':
      return 'No approval is needed: it changes nothing.';
    case 'mass':
      return `${people}, one of them an admin approver${selfApproval ? '' : ', none of them the person who asked'}.`;
    case 'node':
      return needed > 1 || selfApproval
        ? `${people}; the person who asked may ${needed === 1 ? 'approve' : 'be one of them'}.`
        : `${people}${needed === 1 ? ', not' : ', none of them'} the person who asked.`;
    case 'reversible':
    case 'destructive':
      return selfApproval
        ? `${people}.`
        : `${people}${needed === 1 ? ', not' : ', none of them'} the person who asked.`;
  }
}

/** A person in words: the name if it is known, the id if not. */
export type Names = ReadonlyMap<string, string>;

export function nameOf(names: Names, id: string): string {
  if (id === 'watership') {
    return 'Watership';
  }
  return names.get(id) ?? (id.startsWith('cli:') ? `${id.slice(4)} (at the command line)` : id);
}

/** How risky a plan is, for somebody who has never read our list of tiers. */
export const tierWords: Readonly<Record<Tier, string>> = {
  read: 'changes nothing',
  reversible: 'deletes nothing',
  destructive: 'deletes something',
  node: 'stops or starts a node',
  mass: 'many things at once',
};

/** Puts people's names where a text has their Slack ids. Only ids that are known to be people's are touched. */
export function withNames(text: string, names: Names): string {
  let named = text;
  for (const [id, name] of names) {
    named = named.replaceAll(`<@${id}>`, name).replaceAll(id, name);
  }
  return named;
}
