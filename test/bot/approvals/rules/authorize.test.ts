import { describe, expect, test } from 'vitest';
import { authorize, type Permission, type Surface } from '../../../../src/bot/approvals/rules/authorize.ts';
import { isApproved, type Tally } from '../../../../src/bot/approvals/rules/cast-vote.ts';
import type { Principal, Roles } from '../../../../src/bot/ports/people.ts';

const approver: Roles = { isApprover: true, isAdmin: false, isOnCall: false };
const admin: Roles = { isApprover: false, isAdmin: true, isOnCall: false };
const nobody: Roles = { isApprover: false, isAdmin: false, isOnCall: false };

const bob: Principal = { id: 'U0BOB', isBot: false, isGuest: false, isForeign: false, roles: approver };
const dave: Principal = { ...bob, id: 'U0DAVE', roles: nobody };
const onCall: Roles = { ...approver, isOnCall: true };
const here = { kind: 'channel', channel: 'C1', expected: 'C1', sharing: 'own' } as const satisfies Surface;

const tally: Tally = {
  tier: 'destructive',
  needed: 1,
  selfApproval: false,
  requestedBy: 'U0ALICE',
  voters: [],
  breakGlass: false,
  isBusinessHours: true,
};
const vote = (change: Partial<Tally> = {}): Permission => ({ kind: 'vote', tally: { ...tally, ...change } });
const voter = (id: string, roles: Roles = approver, usedBreakGlass = false) => ({
  id,
  roles,
  usedBreakGlass,
});

const asks: readonly Permission['kind'][] = [
  'read',
  'acknowledge',
  'diagnose',
  'halt',
  'review',
  'choose',
  'confirm',
  'rule',
  'resume',
  'maintenance',
  'tap',
];
const plain = asks.map((kind) => ({ kind })) as readonly Exclude<Permission, { kind: 'vote' | 'cancel' }>[];

function said(ask: Permission, principal: Principal, surface: Surface = here): string {
  const decision = authorize(ask, principal, surface);
  if (!decision.allowed) {
    return decision.why;
  }
  return `yes${decision.isEnough ? ', enough' : ''}${decision.breakGlass ? ', by the glass' : ''}`;
}

describe('who may do what', () => {
  test.each([
    ['a bot', { isBot: true }, here, 'bot'],
    ['a guest', { isGuest: true }, here, 'guest'],
    ['a person of another workspace', { isForeign: true }, here, 'foreign'],
    ['an approver in another channel', {}, { ...here, channel: 'C2' }, 'wrong-channel'],
    ['anybody in a channel of two organisations', {}, { ...here, sharing: 'shared' }, 'shared-channel'],
  ] as const)('%s may do nothing', (_who, change, surface, why) => {
    for (const ask of [...plain, vote()]) {
      expect(said(ask, { ...bob, ...change }, surface)).toBe(why);
    }
  });

  test('anybody may look, take, diagnose and halt', () => {
    expect(plain.filter((ask) => said(ask, dave) === 'yes').map(({ kind }) => kind)).toEqual([
      'read',
      'acknowledge',
      'diagnose',
      'halt',
    ]);
  });

  test('where nobody can say who reads along, only what changes nothing or stops is done, for approvers too', () => {
    const unsure: Surface = { ...here, sharing: 'unknown' };
    const allowed = [...plain, vote()].filter((ask) => said(ask, bob, unsure) !== 'shared-channel');
    expect(allowed.map(({ kind }) => kind)).toEqual(['read', 'acknowledge', 'diagnose', 'halt']);
  });

  test.each([
    ['approvers', approver],
    ['admin approvers', admin],
  ])('%s may do the rest', (_who, roles) => {
    expect(plain.every((ask) => said(ask, { ...bob, roles }) === 'yes')).toBe(true);
  });

  test('a lookup that failed is a no, and is said so', () => {
    expect(said({ kind: 'review' }, { ...bob, roles: 'unknown' })).toBe('unknown-roles');
    expect(said(vote(), { ...bob, roles: 'unknown' })).toBe('unknown-roles');
    expect(said({ kind: 'halt' }, { ...bob, roles: 'unknown' })).toBe('yes');
  });

  test('where nobody says whether a channel is shared, nothing is approved, and everything may be stopped', () => {
    const unsure: Surface = { ...here, sharing: 'unknown' };
    expect(said({ kind: 'review' }, bob, unsure)).toBe('shared-channel');
    expect(said(vote(), bob, unsure)).toBe('shared-channel');
    expect(said({ kind: 'halt' }, bob, unsure)).toBe('yes');
  });

  const glass = { tier: 'node', needed: 2, breakGlass: true } as const;
  test.each<[string, Permission, Principal, string]>([
    [
      'whoever is on call restarts a node alone',
      vote(glass),
      { ...bob, roles: onCall },
      'yes, enough, by the glass',
    ],
    [
      'where one vote is enough the glass stays whole',
      vote({ ...glass, needed: 1 }),
      { ...bob, roles: onCall },
      'yes, enough',
    ],
    [
      'also for the second of two voters',
      vote({ ...glass, voters: [voter('U0EVE')] }),
      { ...bob, roles: onCall },
      'yes, enough',
    ],
    ['also for somebody who is not on call', vote({ ...glass, needed: 1 }), bob, 'yes, enough'],
    [
      'also where their own yes counts by configuration',
      vote({ ...glass, needed: 1, requestedBy: 'U0BOB', selfApproval: true }),
      { ...bob, roles: onCall },
      'yes, enough',
    ],
    [
      'one vote that may not be their own is stood for',
      vote({ ...glass, needed: 1, requestedBy: 'U0BOB' }),
      { ...bob, roles: onCall },
      'yes, enough, by the glass',
    ],
    [
      'many things in business hours gain nothing by it',
      vote({ ...glass, tier: 'mass' }),
      { ...bob, roles: onCall },
      'yes',
    ],
    [
      'also what they asked for',
      vote({ ...glass, requestedBy: 'U0BOB' }),
      { ...bob, roles: onCall },
      'yes, enough, by the glass',
    ],
    [
      'also after an ordinary vote of theirs',
      vote({ ...glass, voters: [voter('U0BOB', onCall)] }),
      { ...bob, roles: onCall },
      'yes, enough, by the glass',
    ],
    ['an approver who is not on call does not', vote(glass), bob, 'not-on-call'],
    [
      'a deletion waits for its approvers',
      vote({ ...glass, tier: 'destructive', needed: 2 }),
      { ...bob, roles: onCall },
      'no-glass',
    ],
    [
      'many things at once wait for business hours',
      vote({ tier: 'mass', needed: 2, isBusinessHours: false }),
      { ...bob, roles: onCall },
      'outside-hours',
    ],
    [
      'a broken glass lifts the hours of many things, and not the second vote',
      vote({ ...glass, tier: 'mass', isBusinessHours: false }),
      { ...bob, roles: onCall },
      'yes, by the glass',
    ],
    [
      'nor does it let anybody approve many things that they asked for',
      vote({ ...glass, tier: 'mass', requestedBy: 'U0BOB' }),
      { ...bob, roles: onCall },
      'own-request',
    ],
    [
      'a glass that was broken counts no more once its voter is off call',
      vote({ tier: 'node', needed: 3, voters: [voter('U0EVE', approver, true)] }),
      bob,
      'yes',
    ],
  ])('break-glass: %s', (_fact, ask, principal, outcome) => {
    expect(said(ask, principal)).toBe(outcome);
  });

  test('a plan is withdrawn by whoever asked for it, or by an approver', () => {
    expect(said({ kind: 'cancel', requestedBy: 'U0DAVE' }, dave)).toBe('yes');
    expect(said({ kind: 'cancel', requestedBy: 'U0ALICE' }, dave)).toBe('no-rights');
    expect(said({ kind: 'cancel', requestedBy: 'U0ALICE' }, bob)).toBe('yes');
  });

  test.each<[string, Permission, Principal, string]>([
    ['one approver is enough for a destructive plan', vote(), bob, 'yes, enough'],
    ['nobody approves what they asked for', vote({ requestedBy: 'U0BOB' }), bob, 'own-request'],
    ['unless the tier allows it', vote({ requestedBy: 'U0BOB', selfApproval: true }), bob, 'yes, enough'],
    ['a person without rights does not count', vote(), dave, 'no-rights'],
    ['a node takes two', vote({ tier: 'node', needed: 2 }), bob, 'yes'],
    [
      'a node takes two different people',
      vote({ tier: 'node', needed: 2, voters: [voter('U0BOB')] }),
      bob,
      'already-voted',
    ],
    ['the second is enough', vote({ tier: 'node', needed: 2, voters: [voter('U0EVE')] }), bob, 'yes, enough'],
    [
      'whoever asked may be one of two for a node',
      vote({ tier: 'node', needed: 2, requestedBy: 'U0BOB' }),
      bob,
      'yes',
    ],
    ['but not the only one', vote({ tier: 'node', needed: 1, requestedBy: 'U0BOB' }), bob, 'own-request'],
    [
      'the vote of somebody who has lost the right counts no more',
      vote({ tier: 'node', needed: 2, voters: [voter('U0EVE', nobody)] }),
      bob,
      'yes',
    ],
    [
      'the vote of somebody who cannot be looked up does not count',
      vote({ tier: 'node', needed: 2, voters: [voter('U0EVE', 'unknown')] }),
      bob,
      'yes',
    ],
    ['mass loss takes an admin', vote({ tier: 'mass', needed: 2, voters: [voter('U0EVE')] }), bob, 'yes'],
    [
      'mass loss with an admin is enough',
      vote({ tier: 'mass', needed: 2, voters: [voter('U0CAROL', admin)] }),
      bob,
      'yes, enough',
    ],
    [
      'whoever asked for mass loss does not approve it',
      vote({ tier: 'mass', needed: 2, requestedBy: 'U0BOB' }),
      bob,
      'own-request',
    ],
  ])('%s', (_fact, ask, principal, outcome) => {
    expect(said(ask, principal)).toBe(outcome);
  });
});

describe('the votes that are counted when it would act', () => {
  test('are not those of whoever asked, where somebody else must approve', () => {
    const own = { ...tally, requestedBy: 'U0BOB' };
    expect(isApproved(own, [voter('U0BOB')])).toBe(false);
    expect(isApproved({ ...own, selfApproval: true }, [voter('U0BOB')])).toBe(true);
    expect(isApproved(own, [voter('U0BOB'), voter('U0CAROL')])).toBe(true);
  });

  test('count each person once', () => {
    const two = { ...tally, needed: 2 };
    expect(isApproved(two, [voter('U0BOB'), voter('U0BOB')])).toBe(false);
    expect(isApproved(two, [voter('U0BOB'), voter('U0CAROL')])).toBe(true);
  });
});
