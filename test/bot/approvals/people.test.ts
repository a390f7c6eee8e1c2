import { describe, expect, test } from 'vitest';
import { createPeople } from '../../../src/bot/approvals/people.ts';
import type { PeopleConfig } from '../../../src/bot/config/config.ts';
import { SlackUnreachable } from '../../../src/bot/ports/slack-errors.ts';
import { person } from '../fakes/slack.ts';
import { ALICE, BOB, CAROL, createWorld, DAVE } from '../fakes/world.ts';

function peopleOf(change: Partial<PeopleConfig> = {}) {
  const world = createWorld();
  const failures: unknown[] = [];
  const people = createPeople({
    slack: world.slack,
    clock: world.clock,
    people: { ...world.context.config.people, ...change },
    onFailure: (error) => failures.push(error),
  });
  return { ...world, people, failures };
}

describe('who somebody is', () => {
  test('is known by id or by group, and never by name', async () => {
    const { people } = peopleOf();
    expect(await people.roles(BOB)).toEqual({ isApprover: true, isAdmin: false, isOnCall: true });
    expect(await people.roles(CAROL)).toEqual({ isApprover: false, isAdmin: true, isOnCall: false });
    expect(await people.roles(DAVE)).toEqual({ isApprover: false, isAdmin: false, isOnCall: false });
  });

  test('an empty list means nobody', async () => {
    const { people } = peopleOf({ approvers: [], adminApprovers: [], onCall: [] });
    expect(await people.roles(ALICE)).toEqual({ isApprover: false, isAdmin: false, isOnCall: false });
  });

  test('a group that cannot be asked makes it unknown, but not for those named by id', async () => {
    const { people, slack, failures } = peopleOf({ approvers: ['S0ONCALL', ALICE] });
    const why = new SlackUnreachable('no answer');
    slack.groups.set('S0ONCALL', why);
    expect(await people.roles(BOB)).toBe('unknown');
    expect(failures, 'the log gets to know why').toContain(why);
    expect(await people.roles(ALICE)).toMatchObject({ isApprover: true, isAdmin: false });
  });

  test('a group of admins that cannot be asked makes it unknown too; one of those on call only means not on call', async () => {
    const { people, slack } = peopleOf({ adminApprovers: ['S0ADMINS'], onCall: ['S0NIGHT'] });
    slack.groups.set('S0NIGHT', new SlackUnreachable('no answer'));
    slack.groups.set('S0ADMINS', []);
    expect(await people.roles(BOB)).toEqual({ isApprover: true, isAdmin: false, isOnCall: false });
    const { people: others, slack: away } = peopleOf({ adminApprovers: ['S0ADMINS'] });
    away.groups.set('S0ADMINS', new SlackUnreachable('no answer'));
    expect(await others.roles(BOB)).toBe('unknown');
  });

  test('what was known of a group or a person does not stand for what Slack does not say any more', async () => {
    const { people, slack, clock } = peopleOf();
    expect(await people.principal({ user: BOB })).toMatchObject({ roles: { isApprover: true } });
    clock.pass(61_000);
    slack.persons.set(BOB, person(BOB, 'Bob Brown', { isGuest: true }));
    expect(await people.principal({ user: BOB })).toMatchObject({ isGuest: true });
    slack.groups.set('S0ONCALL', new SlackUnreachable('no answer'));
    clock.pass(61_000);
    expect(await people.roles(BOB)).toBe('unknown');
  });

  test('a group is asked again after a minute, so that a right that is taken away ends', async () => {
    const { people, slack, clock } = peopleOf();
    await people.roles(BOB);
    slack.groups.set('S0ONCALL', [ALICE]);
    clock.pass(59_000);
    expect(await people.roles(BOB)).toMatchObject({ isApprover: true });
    expect(slack.calls.get('groupMembers')).toBe(1);
    clock.pass(2_000);
    expect(await people.roles(BOB)).toMatchObject({ isApprover: false });
  });

  test('somebody whom Slack does not describe has no rights, whatever the configuration says', async () => {
    const { people, slack } = peopleOf({ approvers: [BOB] });
    slack.persons.set(BOB, new SlackUnreachable('no answer'));
    expect(await people.principal({ user: BOB })).toMatchObject({ roles: 'unknown' });
    slack.persons.set(BOB, person(BOB, 'Bob Brown', { isDeleted: true }));
    expect(await people.principal({ user: BOB })).toMatchObject({ roles: 'unknown' });
  });

  test('Slack that takes too long is a no, in time for an answer to the click', async () => {
    const { people, slack, clock } = peopleOf();
    const begunAtMs = clock.now();
    slack.groupMembers = () => new Promise(() => undefined);
    expect(await people.roles(BOB)).toBe('unknown');
    expect(clock.now() - begunAtMs).toBeLessThan(3_000);
  });

  test('guests, bots and people of another workspace are recognised', async () => {
    const { people, slack } = peopleOf();
    slack.persons.set(DAVE, person(DAVE, 'Dave Dunn', { isGuest: true }));
    slack.persons.set(CAROL, person(CAROL, 'Robot', { isBot: true }));
    expect(await people.principal({ user: DAVE })).toMatchObject({ isGuest: true });
    expect(await people.principal({ user: CAROL })).toMatchObject({ isBot: true });
    expect(await people.principal({ user: BOB, userTeam: 'T2', team: 'T1' })).toMatchObject({
      isForeign: true,
    });
  });

  test('of another workspace is foreign, also where everything in the payload agrees', async () => {
    const { people, slack } = peopleOf();
    const evil = { user: BOB, userTeam: 'T_EVIL', team: 'T_EVIL' };
    expect(await people.principal(evil)).toMatchObject({ isForeign: true });
    const elsewhere = { user: BOB, userTeam: 'T1', team: 'T2' };
    expect(await people.principal(elsewhere), 'clicked in another workspace').toMatchObject({
      isForeign: true,
    });
    expect(await people.principal({ user: BOB, userTeam: 'T1', team: 'T1' })).toMatchObject({
      isForeign: false,
      roles: { isApprover: true },
    });
    expect(slack.calls.get('workspace')).toBe(1);
  });

  test('of another organisation is foreign where the app is installed for a whole one', async () => {
    const { people, slack } = peopleOf();
    slack.workspace = async () => ({ kind: 'enterprise', enterprise: 'E1' });
    const payload = { user: BOB, userTeam: 'T2', team: 'T3' };
    expect(await people.principal({ ...payload, enterprise: 'E1' })).toMatchObject({ isForeign: false });
    expect(await people.principal({ ...payload, enterprise: 'E2' })).toMatchObject({ isForeign: true });
    expect(await people.principal(payload)).toMatchObject({ isForeign: true });
  });

  test('has no rights while Slack does not say whose workspace this is', async () => {
    const { people, slack } = peopleOf();
    slack.failNext('workspace', new SlackUnreachable('no answer'));
    const payload = { user: BOB, userTeam: 'T1', team: 'T1' };
    expect(await people.principal(payload)).toMatchObject({ isForeign: false, roles: 'unknown' });
    expect(await people.principal(payload)).toMatchObject({ roles: { isApprover: true } });
    const { people: others, slack: away } = peopleOf();
    away.failNext('workspace', new SlackUnreachable('no answer'));
    expect(await others.principal({ ...payload, userTeam: 'T2' })).toMatchObject({ isForeign: true });
  });

  test('at the command line the configuration says who it is, also while Slack is down', async () => {
    const { people, slack } = peopleOf({ approvers: [ALICE, 'S0ONCALL'] });
    slack.persons.set(ALICE, new SlackUnreachable('no answer'));
    slack.groups.set('S0ONCALL', new SlackUnreachable('no answer'));
    expect(await people.principal({ user: ALICE, terminal: 'cli:alice' })).toMatchObject({
      id: ALICE,
      roles: { isApprover: true },
    });
    expect(await people.principal({ user: BOB, terminal: 'cli:bob' })).toMatchObject({ roles: 'unknown' });
    expect(await peopleOf().people.roles('cli:eve')).toMatchObject({ isApprover: false, isAdmin: false });
  });

  test('a channel is shared, our own, or nobody says', async () => {
    const { people, slack } = peopleOf();
    slack.shared.add('C0BOTH');
    expect(await people.sharing('C0BOTH')).toBe('shared');
    expect(await people.sharing('C0OURS')).toBe('own');
    slack.failNext('isShared', new SlackUnreachable('no answer'));
    expect(await people.sharing('C0ELSE')).toBe('unknown');
  });
});
