import { describe, expect, test } from 'vitest';
import type { Caller } from '../../../../src/bot/approvals/rules/caller.ts';
import type { Tally } from '../../../../src/bot/approvals/rules/cast-vote.ts';
import { type Submission, type VoteCase, vote } from '../../../../src/bot/approvals/rules/vote.ts';
import type { Roles } from '../../../../src/bot/ports/people.ts';
import type { Run, Tier } from '../../../../src/runbooks/index.ts';
import { byCommand, inChannel } from '../../fakes/callers.ts';
import { ALICE, BOB, CAROL, CHANNEL, createWorld, DAVE, proposedRun } from '../../fakes/world.ts';

const { people } = createWorld().context.config;
const approver: Roles = { isApprover: true, isAdmin: false, isOnCall: true };
const admin: Roles = { isApprover: false, isAdmin: true, isOnCall: false };

interface Change {
  readonly tier?: Tier;
  readonly user?: string;
  readonly roles?: Roles;
  readonly caller?: Caller;
  readonly run?: Partial<Run>;
  readonly submission?: Partial<Submission>;
  readonly tally?: Partial<Tally>;
  /** After the plan was made. */
  readonly laterMs?: number;
}

/** Bob approves a plan that Alice asked for, and does everything right. */
function caseOf({ tier = 'node', user = BOB, roles = approver, laterMs = 1_000, ...change }: Change = {}) {
  const run: Run = { ...proposedRun(tier), ...change.run };
  const submission: Submission = {
    run: run.id,
    planHash: run.plan?.hash ?? '',
    typed: 'prod-a',
    reason: ' it is late ',
    ...change.submission,
  };
  const tally: Tally = {
    tier,
    needed: people.approvals[tier],
    selfApproval: people.selfApproval[tier],
    requestedBy: run.requestedBy,
    voters: [],
    breakGlass: (submission.glass ?? '') !== '',
    isBusinessHours: true,
    ...change.tally,
  };
  return {
    run,
    submission,
    tally,
    caller: change.caller ?? inChannel(user, CHANNEL),
    principal: { id: user, isBot: false, isGuest: false, isForeign: false, roles },
    name: `Name of ${user}`,
    people,
    nowMs: (proposedRun(tier).plan?.madeAtMs ?? 0) + laterMs,
  } satisfies VoteCase;
}

const voted = (by: string, roles = approver) => ({ id: by, roles, usedBreakGlass: false });
const phrase = 'break glass prod-a';

/** The command and, where there is one, its record on a run with so many votes. */
function commandOf(change: Change, votesAfter = 1) {
  const given = caseOf(change);
  const command = vote(given);
  if (command.kind !== 'apply') {
    return { given, command, record: undefined };
  }
  const cast = Array.from({ length: votesAfter }, () => ({ by: '', planHash: '', reason: '', atMs: 0 }));
  return { given, command, record: command.record({ ...given.run, votes: cast }) };
}

describe('a yes that counts', () => {
  const table: readonly (readonly [what: string, change: Change, isEnough: boolean])[] = [
    ['of one approver for a reversible plan', { tier: 'reversible' }, true],
    ['of one who did not ask for a destructive plan', { tier: 'destructive' }, true],
    ['of the first of two for a node', {}, false],
    ['of the second of two for a node', { tally: { voters: [voted(CAROL, admin)] } }, true],
    ['of the one who asked, where two are wanted for a node', { user: ALICE }, false],
    [
      'of two approvers without an admin for many things',
      { tier: 'mass', tally: { voters: [voted(DAVE)] } },
      false,
    ],
    [
      'of an admin as the second for many things',
      { tier: 'mass', user: CAROL, roles: admin, tally: { voters: [voted(BOB)] } },
      true,
    ],
  ];
  test.each(table)('%s is an input of the run', (_what, change, isEnough) => {
    const { given, command } = commandOf(change);
    expect(command).toMatchObject({
      kind: 'apply',
      input: {
        kind: 'voted',
        isEnough,
        vote: {
          by: given.principal.id,
          planHash: given.run.plan?.hash,
          reason: 'it is late',
          atMs: given.nowMs,
        },
      },
    });
  });

  test('is recorded by the id for the audit and by the name for the thread', () => {
    expect(commandOf({}, 1).record).toEqual({
      actor: BOB,
      event: 'run.voted',
      text: `${BOB} approved, 1 of 2. “it is late”`,
      people: [BOB],
      lines: [`Name of ${BOB} approved (1 of 2). “it is late”`],
    });
  });

  test('at the command line says so, and names both the user of the machine and the one of Slack', () => {
    const caller: Caller = { user: BOB, surface: { kind: 'terminal', name: 'cli:bob' } };
    expect(commandOf({ tier: 'reversible', caller, submission: { reason: '' } }).record).toEqual({
      actor: `cli:bob (${BOB})`,
      event: 'run.voted',
      text: `${BOB} approved at the command line, 1 of 1.`,
      people: [BOB],
      lines: [`Name of ${BOB} approved at the command line (1 of 1).`],
    });
  });

  test('by a slash command is told like one in a channel', () => {
    expect(commandOf({ caller: byCommand(BOB) }).record).toEqual(commandOf({}).record);
  });

  test('that breaks the glass is enough alone, and is said to everybody with the owners called', () => {
    const { command, record } = commandOf({ submission: { glass: phrase } });
    expect(command).toMatchObject({ kind: 'apply', input: { isEnough: true, vote: { breakGlass: true } } });
    expect(record).toEqual({
      actor: BOB,
      event: 'run.glass_broken',
      text: `${BOB} used break-glass to approve, 1 of 2. “it is late”`,
      people: [BOB],
      loud: {
        text: `Name of ${BOB} used break-glass to approve RUN-0193 on prod-a (1 of 2). “it is late”`,
        mentions: people.owners,
      },
    });
  });

  test('that would break the glass for nothing is an ordinary one', () => {
    const { command, record } = commandOf({
      submission: { glass: phrase },
      tally: { voters: [voted(CAROL, admin)] },
    });
    expect(command).toMatchObject({ kind: 'apply', input: { isEnough: true } });
    expect(record).toMatchObject({ event: 'run.voted' });
    expect(JSON.stringify(command)).not.toContain('breakGlass');
  });
});

describe('a yes that does not count', () => {
  const table: readonly (readonly [what: string, change: Change, command: object])[] = [
    ['for another plan', { submission: { planHash: 'f'.repeat(64) } }, { kind: 'changed' }],
    [
      'for another plan, with everything typed wrong, hears of the plan first',
      { submission: { planHash: 'old', typed: '' } },
      { kind: 'changed' },
    ],
    [
      'with the wrong name typed',
      { submission: { typed: 'prod-b' } },
      {
        kind: 'errors',
        errors: { typed: expect.stringContaining('prod-a') },
        why: 'the confirmation was typed wrong',
      },
    ],
    [
      'with nothing right',
      { submission: { typed: '', reason: '  ', glass: 'please' } },
      {
        kind: 'errors',
        errors: {
          typed: expect.stringContaining('prod-a'),
          reason: expect.stringContaining('reason'),
          glass: expect.stringContaining(phrase),
        },
        why: 'the confirmation was typed wrong, no reason was given, the break-glass phrase was typed wrong',
      },
    ],
    [
      'with something typed wrong on a plan that is over hears of that first',
      { run: { state: 'cancelled' }, submission: { reason: '' } },
      { kind: 'errors', errors: { reason: expect.any(String) }, why: 'no reason was given' },
    ],
    ['at the moment when the plan expires', { laterMs: 300_000 }, { kind: 'late' }],
    ['for a run that is approved already', { run: { state: 'checking' } }, { kind: 'late' }],
    ['for a run that was cancelled', { run: { state: 'cancelled' } }, { kind: 'late' }],
    [
      'of somebody who has given it before',
      { tally: { voters: [voted(BOB)] } },
      { kind: 'refused', why: 'already-voted' },
    ],
    [
      'for one’s own destructive request',
      { tier: 'destructive', user: ALICE },
      { kind: 'refused', why: 'own-request' },
    ],
    [
      'for many things at night',
      { tier: 'mass', tally: { isBusinessHours: false } },
      { kind: 'refused', why: 'outside-hours' },
    ],
    [
      'by the glass of somebody who is not on call',
      { user: CAROL, roles: admin, submission: { glass: phrase } },
      { kind: 'refused', why: 'not-on-call' },
    ],
    [
      'by the glass of a plan that has none',
      { tier: 'destructive', user: ALICE, submission: { glass: phrase } },
      { kind: 'refused', why: 'no-glass' },
    ],
  ];
  test.each(table)('%s changes nothing', (_what, change, command) => {
    expect(commandOf(change).command).toMatchObject(command);
  });

  test('for a run without a plan is late', () => {
    const { run, tally: _none, ...rest } = caseOf();
    const { plan: _gone, ...without } = run;
    expect(vote({ ...rest, run: { ...without, state: 'diagnosing' } })).toEqual({ kind: 'late' });
  });

  test('says for the audit what was wrong, and never what was typed', () => {
    const { command } = commandOf({ submission: { typed: 'my password', glass: 'another secret' } });
    expect(command).toMatchObject({ kind: 'errors' });
    expect(JSON.stringify(command)).not.toMatch(/my password|another secret/);
  });
});

test('the same case has the same answer', () => {
  const given = caseOf({ submission: { glass: phrase } });
  const before = JSON.stringify(given);
  expect(JSON.stringify(vote(given))).toBe(JSON.stringify(vote(given)));
  expect(JSON.stringify(given)).toBe(before);
});
