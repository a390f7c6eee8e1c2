import { describe, expect, test } from 'vitest';
import { haltRepairs, resumeRepairs } from '../../../src/bot/approvals/halts.ts';
import { acknowledge, requestDiagnosis } from '../../../src/bot/approvals/incidents.ts';
import { createPeople } from '../../../src/bot/approvals/people.ts';
import { choose, review } from '../../../src/bot/approvals/plans.ts';
import type { Submission } from '../../../src/bot/approvals/rules/vote.ts';
import { cancel, settleByPerson } from '../../../src/bot/approvals/runs.ts';
import { submitVote } from '../../../src/bot/approvals/submit-vote.ts';
import { createTransitions } from '../../../src/bot/approvals/transitions.ts';
import type { Run } from '../../../src/runbooks/index.ts';
import { byCommand, inChannel } from '../fakes/callers.ts';
import { ALICE, BOB, CAROL, CHANNEL, createWorld, DAVE } from '../fakes/world.ts';

const by = (user: string) => inChannel(user, CHANNEL);

function createDesk() {
  const world = createWorld();
  const { slack, clock, context } = world;
  const transitions = createTransitions(
    context,
    createPeople({ slack, clock, people: context.config.people }),
  );
  return { ...world, transitions };
}

/** Alice has asked, and the plan is on the table. */
async function withPlan() {
  const desk = createDesk();
  await desk.open();
  await requestDiagnosis(desk.transitions, 'INC-0412', by(ALICE));
  const run = await desk.diagnosed('RUN-0001');
  return { ...desk, run, yes: submission(run) };
}

const submission = (run: Run, change: Partial<Submission> = {}): Submission => ({
  run: run.id,
  planHash: run.plan?.hash ?? '',
  typed: 'prod-a',
  reason: 'the thread shows why',
  ...change,
});

describe('taking an incident', () => {
  test('makes one owner, in the audit and in the thread', async () => {
    const { transitions, open, stores, sent } = createDesk();
    await open();
    expect((await acknowledge(transitions, 'INC-0412', by(DAVE))).text).toMatch(/^INC-0412 is yours\./);
    expect(stores.kept.incidents.get('INC-0412')).toMatchObject({ owner: DAVE, version: 2 });
    expect(stores.kept.audit.at(-1)).toMatchObject({ actor: DAVE, event: 'incident.acknowledged' });
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)?.text).toBe('Dave Dunn is on it.');
    expect(sent.told).toEqual(['INC-0412']);
  });

  test('by two people at once makes one of them the owner, and tells the other who', async () => {
    const { transitions, open, stores } = createDesk();
    await open();
    const answers = await Promise.all([
      acknowledge(transitions, 'INC-0412', by(ALICE)),
      acknowledge(transitions, 'INC-0412', by(BOB)),
    ]);
    const texts = answers.map(({ text }) => text);
    expect(texts.filter((text) => text.includes('is yours'))).toHaveLength(1);
    expect(
      texts.filter((text) => /^(Alice Anderson|Bob Brown) has been on INC-0412 for 0 s\.$/.test(text)),
    ).toHaveLength(1);
    expect(stores.kept.timelines.get('INC-0412')).toHaveLength(2);
  });

  test('that is over is answered with when it ended', async () => {
    const { transitions, open, clock } = createDesk();
    await open({ state: 'resolved', resolvedAtMs: clock.now() });
    clock.pass(240_000);
    expect((await acknowledge(transitions, 'INC-0412', by(ALICE))).text).toBe(
      'INC-0412 was resolved 4 min ago. There is nothing left to do here.',
    );
    expect((await acknowledge(transitions, 'INC-9999', by(ALICE))).text).toBe('There is no INC-9999.');
  });
});

describe('a diagnosis', () => {
  test('is started by anybody, and once', async () => {
    const { transitions, open, stores, sent } = createDesk();
    await open();
    const [first, second] = await Promise.all([
      requestDiagnosis(transitions, 'INC-0412', by(DAVE)),
      requestDiagnosis(transitions, 'INC-0412', by(ALICE)),
    ]);
    const third = await requestDiagnosis(transitions, 'INC-0412', by(BOB));
    expect(stores.kept.runs.size).toBe(1);
    const [run] = stores.kept.runs.values();
    expect(stores.kept.incidents.get('INC-0412')?.run).toBe(run?.id);
    expect([first, second].filter((found) => found.kind === 'running' && found.isNew)).toHaveLength(1);
    expect(third).toMatchObject({ kind: 'running', isNew: false });
    expect(sent.carriedOn).toEqual([run?.id]);
  });

  test('is not started in the moment between a repair and the sweep that resolves it', async () => {
    const { transitions, clock, stores, run } = await withPlan();
    const done = { ...run, state: 'done' as const, endedAtMs: clock.now(), version: run.version + 1 };
    const story = { atMs: clock.now(), actor: 'watership', event: 'run.done', text: 'Done.' };
    await stores.runs.put(done, run.version, story);
    const early = await requestDiagnosis(transitions, 'INC-0412', by(BOB));
    expect(early).toMatchObject({
      kind: 'refused',
      answer: { text: expect.stringMatching(/^RUN-0001 has repaired INC-0412/) },
    });
    clock.pass(60_000);
    expect(await requestDiagnosis(transitions, 'INC-0412', by(BOB))).toMatchObject({
      kind: 'running',
      isNew: true,
    });
  });

  test('is not started from another channel, by a guest or by somebody else’s workspace', async () => {
    const { transitions, open, stores } = createDesk();
    await open();
    const refused = await requestDiagnosis(transitions, 'INC-0412', inChannel(ALICE, 'C0OTHER'));
    const foreign = await requestDiagnosis(transitions, 'INC-0412', { ...by(ALICE), userTeam: 'T9' });
    expect([refused.kind, foreign.kind]).toEqual(['refused', 'refused']);
    expect(stores.kept.runs.size).toBe(0);
    expect(stores.kept.audit.slice(-2).map(({ text }) => text)).toEqual([
      'diagnosis refused: not in the channel of its cluster',
      'diagnosis refused: somebody of another workspace may not',
    ]);
  });
});

describe('a review', () => {
  test('starts the diagnosis where there is none', async () => {
    const { transitions, open, diagnosed } = createDesk();
    await open();
    expect(await review(transitions, 'INC-0412', by(BOB))).toMatchObject({
      kind: 'making',
      run: { id: 'RUN-0001' },
    });
    await diagnosed('RUN-0001');
    expect(await review(transitions, 'INC-0412', by(CAROL))).toMatchObject({ kind: 'plan' });
  });

  test('is for reading only for a person without rights', async () => {
    const { transitions } = await withPlan();
    expect(await review(transitions, 'INC-0412', by(DAVE))).toMatchObject({
      kind: 'plan',
      readOnlyBecause: expect.stringMatching(/^You can read this plan, but not approve it\./),
    });
  });

  test('is for reading only for the one who asked for what somebody else must approve', async () => {
    const { transitions } = await withPlan();
    expect(await review(transitions, 'INC-0412', by(ALICE))).toMatchObject({
      kind: 'plan',
      readOnlyBecause: 'You asked for this plan, so somebody else must approve it.',
    });
  });

  test('of an expired plan says so', async () => {
    const { transitions, clock } = await withPlan();
    clock.pass(300_000);
    expect(await review(transitions, 'INC-0412', by(BOB))).toMatchObject({
      kind: 'refused',
      answer: {
        text: expect.stringMatching(/has expired\. Press Review fix for a fresh one\. Nothing was done\.$/),
      },
    });
  });
});

describe('the audit', () => {
  test('has every vote and every refusal: who, what, why, which plan, before and after', async () => {
    const { transitions, run, yes, stores, clock } = await withPlan();
    await submitVote(transitions, submission(run, { typed: 'prod-b', reason: '' }), by(BOB));
    await submitVote(transitions, submission(run, { planHash: 'another' }), by(BOB));
    await submitVote(transitions, yes, by(DAVE));
    await submitVote(transitions, yes, by(ALICE));
    await submitVote(transitions, yes, by(BOB));
    await submitVote(transitions, yes, by(CAROL));
    await cancel(transitions, { run: 'RUN-0001' }, by(DAVE));
    clock.pass(1_000);
    await acknowledge(transitions, 'INC-0412', by(DAVE));
    await acknowledge(transitions, 'INC-0412', by(BOB));
    const about = { run: 'RUN-0001', planHash: yes.planHash, tier: 'destructive', surface: 'slack' };
    const refused = { ...about, event: 'click.refused', before: 'proposed', after: 'proposed' };
    const late = { ...refused, before: 'checking', after: 'checking' };
    expect(stores.kept.audit.slice(-9)).toMatchObject([
      {
        ...refused,
        actor: BOB,
        text: 'vote refused: the confirmation was typed wrong, no reason was given',
      },
      { ...refused, actor: BOB, text: 'vote refused: it was for another plan, another' },
      { ...refused, actor: DAVE, text: 'review refused: not an approver' },
      { ...refused, actor: ALICE, text: 'vote refused: it was their own request' },
      { ...about, actor: BOB, event: 'run.voted', before: 'proposed', after: 'checking', votes: [BOB] },
      { ...late, actor: CAROL, text: 'vote refused: the plan was no longer open to votes' },
      { ...late, actor: DAVE, text: 'cancelling refused: not an approver' },
      { actor: DAVE, event: 'incident.acknowledged', before: 'open critical', after: 'open critical taken' },
      {
        actor: BOB,
        event: 'click.refused',
        text: 'taking the incident refused: it came too late',
        after: 'open critical taken',
      },
    ]);
  });
});

describe('a vote', () => {
  test('of somebody who did not ask approves a destructive plan, and the runner takes over', async () => {
    const { transitions, yes, stores, sent } = await withPlan();
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({
      kind: 'recorded',
      votes: 1,
      needed: 1,
      isEnough: true,
    });
    expect(stores.kept.runs.get('RUN-0001')).toMatchObject({ state: 'checking', votes: [{ by: BOB }] });
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)?.text).toBe(
      'Bob Brown approved (1 of 1). “the thread shows why”',
    );
    expect(stores.kept.audit.at(-1)).toMatchObject({ event: 'run.voted', planHash: yes.planHash });
    expect(sent.carriedOn).toEqual(['RUN-0001', 'RUN-0001']);
  });

  test('of two people at once executes once', async () => {
    const { transitions, yes, stores, sent } = await withPlan();
    const votes = await Promise.all([
      submitVote(transitions, yes, by(BOB)),
      submitVote(transitions, yes, by(CAROL)),
    ]);
    expect(votes.map(({ kind }) => kind).toSorted()).toEqual(['errors', 'recorded']);
    expect(stores.kept.runs.get('RUN-0001')?.votes).toHaveLength(1);
    expect(sent.carriedOn).toHaveLength(2);
  });

  test('sent three times counts once', async () => {
    const { transitions, setTier, open, diagnosed, stores } = createDesk();
    setTier('node');
    await open();
    await requestDiagnosis(transitions, 'INC-0412', by(ALICE));
    const yes = submission(await diagnosed('RUN-0001'));
    const thrice = await Promise.all([1, 2, 3].map(() => submitVote(transitions, yes, by(ALICE))));
    expect(thrice.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
    expect(stores.kept.runs.get('RUN-0001')).toMatchObject({ state: 'proposed', votes: [{ by: ALICE }] });
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({
      kind: 'recorded',
      votes: 2,
      needed: 2,
      isEnough: true,
    });
    expect(stores.kept.runs.get('RUN-0001')?.state).toBe('checking');
  });

  test('breaks the glass only where an ordinary one is not enough; the field is shown to nobody else', async () => {
    const { transitions, setTier, open, diagnosed, stores } = createDesk();
    setTier('node');
    await open();
    await requestDiagnosis(transitions, 'INC-0412', by(ALICE));
    const yes = submission(await diagnosed('RUN-0001'), { glass: 'break glass prod-a' });
    expect(await review(transitions, 'INC-0412', by(BOB))).toMatchObject({ offersBreakGlass: true });
    expect(await review(transitions, 'INC-0412', by(CAROL))).toMatchObject({ offersBreakGlass: false });
    expect(await submitVote(transitions, yes, by(CAROL))).toEqual({
      kind: 'errors',
      glass: 'Only somebody who is on call may use break-glass.',
    });
    await submitVote(transitions, { ...yes, glass: '' }, by(CAROL));
    expect(await review(transitions, 'INC-0412', by(BOB))).toMatchObject({ offersBreakGlass: false });
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({ kind: 'recorded', isEnough: true });
    const { votes = [] } = stores.kept.runs.get('RUN-0001') ?? {};
    expect(votes.map(({ by: who, breakGlass }) => [who, breakGlass])).toEqual([
      [CAROL, undefined],
      [BOB, undefined],
    ]);
    expect(stores.kept.audit.map(({ event }) => event)).not.toContain('run.glass_broken');
    expect(stores.kept.timelines.get('INC-0412')?.some(({ mentions }) => mentions !== undefined)).toBe(false);
  });

  test('counts no more when its voter has left the group before the second', async () => {
    const { transitions, setTier, open, diagnosed, slack, clock, stores } = createDesk();
    setTier('node');
    await open();
    await requestDiagnosis(transitions, 'INC-0412', by(DAVE));
    const yes = submission(await diagnosed('RUN-0001'));
    await submitVote(transitions, yes, by(ALICE));
    slack.groups.set('S0ONCALL', [BOB]);
    clock.pass(61_000);
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({ kind: 'recorded', isEnough: false });
    expect(stores.kept.runs.get('RUN-0001')?.state).toBe('proposed');
    expect(await submitVote(transitions, yes, by(CAROL))).toMatchObject({ kind: 'recorded', isEnough: true });
  });

  test.each([
    [
      'the wrong name typed',
      { typed: 'prod-b' },
      BOB,
      { typed: 'Type the cluster’s name to confirm: prod-a' },
    ],
    ['no reason', { reason: ' ' }, BOB, { reason: 'Please give a reason; it goes to the audit log.' }],
    [
      'one’s own request',
      {},
      ALICE,
      { reason: 'You asked for this plan, so somebody else must approve it.' },
    ],
    [
      'no rights',
      {},
      DAVE,
      {
        reason:
          'Thank you, but only approvers may approve repairs. Nothing was changed. You can press Diagnose, or ask an approver. Approvers: Alice Anderson, Bob Brown, Carol Clark.',
      },
    ],
  ])('with %s is sent back with the reason at its field', async (_what, change, user, errors) => {
    const { transitions, run, stores } = await withPlan();
    expect(await submitVote(transitions, submission(run, change), by(user))).toEqual({
      kind: 'errors',
      ...errors,
    });
    expect(stores.kept.runs.get('RUN-0001')?.votes).toEqual([]);
  });

  test('after the time is over is refused', async () => {
    const { transitions, yes, clock, stores } = await withPlan();
    clock.pass(300_000);
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({
      kind: 'errors',
      reason: expect.stringContaining('has expired'),
    });
    expect(stores.kept.runs.get('RUN-0001')?.votes).toEqual([]);
  });

  test('for a plan that has been replaced shows the new one', async () => {
    const { transitions, yes, stores } = await withPlan();
    const chosen = await choose(transitions, { run: 'RUN-0001' }, 'ctl3', by(BOB));
    expect(chosen).toMatchObject({ kind: 'plan', plan: { choice: 'ctl3', lost: ['41 queues of ctl1'] } });
    const late = await submitVote(transitions, yes, by(CAROL));
    expect(late).toMatchObject({ kind: 'changed', review: { kind: 'plan', plan: { choice: 'ctl3' } } });
    expect(stores.kept.runs.get('RUN-0001')?.votes).toEqual([]);
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)?.text).toBe(
      'Bob Brown chose: Keep ctl3. There is a new plan, with no approvals yet.',
    );
  });
});

describe('the other buttons of a run', () => {
  test('a plan is withdrawn by whoever asked; afterwards every button says so', async () => {
    const { transitions, yes, stores } = await withPlan();
    expect(await cancel(transitions, { run: 'RUN-0001' }, by(DAVE))).toMatchObject({ refused: true });
    expect(await cancel(transitions, { run: 'RUN-0001' }, by(ALICE))).toEqual({
      text: 'RUN-0001 is cancelled. Nothing was done.',
    });
    expect(stores.kept.runs.get('RUN-0001')?.state).toBe('cancelled');
    expect(await submitVote(transitions, yes, by(BOB))).toMatchObject({
      kind: 'errors',
      reason: expect.stringMatching(/^RUN-0001 was cancelled 0 s ago\./),
    });
  });

  /** The plan of `withPlan` with its only action in the given state. */
  async function stopping(state: 'intended' | 'applied') {
    const scene = await withPlan();
    const { run, stores, clock } = scene;
    const item = { state, startedAtMs: clock.now(), attempts: 1 } as const;
    const acting: Run = { ...run, state: 'acting', items: [item, { state: 'waiting' }] };
    const entry = { atMs: clock.now(), actor: 'watership', event: 'run.acting', text: 'Acting.' };
    await stores.runs.put({ ...acting, version: run.version + 1 }, run.version, entry);
    return scene;
  }

  test('a run whose step is running is stopped after it: the wish is stored and shown, once', async () => {
    const { transitions, stores, clock } = await stopping('intended');
    expect(await cancel(transitions, { run: 'RUN-0001' }, by(ALICE))).toEqual({
      text: 'Noted: RUN-0001 stops after step 1, which is running and cannot be cancelled. No further step starts. ctl3 will stay stopped until somebody starts it.',
    });
    const noted = stores.kept.runs.get('RUN-0001');
    expect(noted).toMatchObject({ state: 'acting', stopWanted: { by: ALICE, atMs: clock.now() } });
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)?.text).toBe(
      'Alice Anderson asked RUN-0001 to stop after step 1. ctl3 will stay stopped until somebody starts it.',
    );
    expect(stores.kept.audit.at(-1)).toMatchObject({ event: 'run.stop_wanted', actor: ALICE });

    expect(await cancel(transitions, { run: 'RUN-0001' }, by(BOB))).toEqual({
      text: 'Noted already: RUN-0001 stops as soon as the running step is over. No further step starts.',
    });
    expect(stores.kept.runs.get('RUN-0001')).toBe(noted);
  });

  test('a run that is cancelled between a stop and a start says to everybody what stays stopped', async () => {
    const { transitions, stores } = await stopping('applied');
    const left =
      'after: Stop RabbitMQ on ctl3. These changes stay in place. ctl3 is stopped. Start it by hand, or with Review fix when a card says "Node is down".';
    expect(await cancel(transitions, { run: 'RUN-0001' }, by(ALICE))).toEqual({
      text: `RUN-0001 is cancelled ${left}`,
    });
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)).toMatchObject({
      text: `Alice Anderson cancelled RUN-0001 ${left}`,
      broadcast: true,
    });
  });

  test.each([
    [undefined, 'give-up', 'give up.'],
    [{ by: ALICE, atMs: 0 }, 'it-happened', 'it ran. RUN-0001 stops, because somebody asked it to.'],
  ] as const)('a word that ends a run says to everybody what stays stopped', async (wish, ruling, said) => {
    const { transitions, run, stores, clock } = await withPlan();
    const [stop, ...rest] = run.plan?.items ?? [];
    if (run.plan === undefined || stop === undefined) {
      throw new Error('no plan');
    }
    const acting: Run = {
      ...run,
      state: 'unknown',
      plan: { ...run.plan, items: [stop, stop, ...rest] },
      items: [{ state: 'applied' }, { state: 'unknown' }, { state: 'waiting' }],
      ...(wish === undefined ? {} : { stopWanted: wish }),
    };
    const entry = { atMs: clock.now(), actor: 'watership', event: 'run.unknown', text: 'Unclear.' };
    await stores.runs.put({ ...acting, version: run.version + 1 }, run.version, entry);
    await settleByPerson(transitions, { run: 'RUN-0001', item: 1 }, ruling, by(BOB));
    expect(stores.kept.timelines.get('INC-0412')?.at(-1)).toMatchObject({
      text: expect.stringMatching(`Bob Brown says of step 2: ${said} ctl3 is stopped\\. Start it`),
      broadcast: true,
    });
  });

  test('a word about a step that is not in doubt changes nothing', async () => {
    const { transitions } = await withPlan();
    expect(await settleByPerson(transitions, { run: 'RUN-0001', item: 0 }, 'give-up', by(BOB))).toEqual({
      text: 'RUN-0001 waits for approval.',
      refused: true,
    });
  });

  test('a second halt says who was first, and the end of one halt does not hide that all are halted', async () => {
    const { transitions } = createDesk();
    expect((await haltRepairs(transitions, undefined, byCommand(DAVE))).news).toMatchObject({
      kind: 'halt',
      by: DAVE,
    });
    const again = await haltRepairs(transitions, undefined, byCommand(ALICE));
    expect(again).toEqual({ text: 'Halted already: all clusters. Dave Dunn halted it at 03:00:00 UTC.' });
    expect(await resumeRepairs(transitions, 'prod-a', byCommand(BOB))).toEqual({
      text: 'prod-a stays halted together with all other clusters. Dave Dunn halted it at 03:00:00 UTC. Type /rabbit resume without a cluster to end that. Nothing was changed.',
      refused: true,
    });
  });

  test('anybody halts, only an approver resumes', async () => {
    const { transitions, stores } = createDesk();
    expect((await haltRepairs(transitions, 'prod-a', by(DAVE))).text).toMatch(/^Halted: prod-a\./);
    expect(await stores.halts.isHalted('prod-a')).toBe(true);
    expect(await resumeRepairs(transitions, 'prod-a', by(DAVE))).toMatchObject({ refused: true });
    expect(await stores.halts.isHalted('prod-a')).toBe(true);
    await resumeRepairs(transitions, 'prod-a', by(BOB));
    expect(await stores.halts.isHalted('prod-a')).toBe(false);
    expect((await resumeRepairs(transitions, 'prod-a', by(BOB))).text).toBe('Nothing is halted on prod-a.');
    expect((await haltRepairs(transitions, 'prod-z', by(DAVE))).text).toBe(
      'No cluster named “prod-z”. Known clusters: prod-a.',
    );
  });
});
