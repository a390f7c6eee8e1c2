import { describe, expect, test } from 'vitest';
import { NotReplicated } from '../../../../src/bot/stores/connection/replicas.ts';
import { chosen, homeOpened, submitted } from '../../fakes/receiver.ts';
import { ALICE, BOB, CHANNEL, createWorld, DAVE } from '../../fakes/world.ts';
import { readAloud } from '../read-aloud.ts';
import { ask, createBot, filled, press, withModal } from './driven-bot.ts';

describe('a button', () => {
  test('is acknowledged, counted and answered to the person who pressed it', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    expect(await deliver(press(ALICE, 'incident:ack', 'INC-0412'))).toBeUndefined();
    expect(stores.kept.incidents.get('INC-0412')?.owner).toBe(ALICE);
    expect(slack.whispers).toMatchObject([
      {
        user: ALICE,
        channel: CHANNEL,
        text: 'INC-0412 is yours. Diagnose only reads; nothing changes until a plan is approved.',
      },
    ]);
  });

  test('delivered three times counts once, and each delivery is answered', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    const click = press(ALICE, 'incident:ack', 'INC-0412');
    await Promise.all([deliver(click), deliver(click), deliver(click)]);
    expect(stores.kept.audit.filter(({ event }) => event === 'incident.acknowledged')).toHaveLength(1);
    expect(slack.whispers).toHaveLength(3);
    await deliver(click);
    expect(slack.whispers.at(-1)?.text).toBe(
      'Slack delivered this twice; it counts at most once. Alice Anderson is on INC-0412.',
    );
  });

  test('delivered to two replicas counts once', async () => {
    const world = createWorld();
    await world.open();
    const [left, right] = [createBot(world), createBot(world)];
    const click = press(ALICE, 'incident:diagnose', 'INC-0412');
    await Promise.all([left.deliver(click), right.deliver(click)]);
    expect(world.stores.kept.runs.size).toBe(1);
    expect(world.slack.whispers.map(({ text }) => text.split(' ').slice(0, 3).join(' ')).toSorted()).toEqual([
      'RUN-0001 diagnoses it',
      'Slack delivered this',
    ]);
  });

  test('of something long over says what has happened since', async () => {
    const { deliver, open, slack, clock } = createBot();
    await open({ state: 'resolved', resolvedAtMs: clock.now() - 3_600_000 });
    await deliver(press(ALICE, 'incident:diagnose', 'INC-0412'));
    await deliver(press(ALICE, 'incident:review', 'INC-0412', '100.2'));
    await deliver(press(ALICE, 'run:cancel', 'RUN-0001 -', '100.3'));
    expect(slack.whispers.map(({ text }) => text)).toEqual([
      'INC-0412 was resolved 1 h ago. There is nothing left to do here.',
      'INC-0412 was resolved 1 h ago. There is nothing left to do here.',
      'No record of RUN-0001. Incidents and runs are kept for 90 days.',
    ]);
  });

  test('that Redis has no copy of yet is told so', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    Object.assign(stores.incidents, { put: () => Promise.reject(new NotReplicated('0 of 1')) });
    await deliver(press(ALICE, 'incident:ack', 'INC-0412'));
    expect(slack.whispers).toMatchObject([
      { text: expect.stringMatching(/^This is recorded, but no Redis replica has it yet/) },
    ]);
  });

  test('that meets a fault of ours is answered all the same', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    Object.assign(stores.incidents, { get: () => Promise.reject(new Error('Redis is away')) });
    await deliver(press(ALICE, 'incident:ack', 'INC-0412'));
    expect(slack.whispers).toMatchObject([
      { text: expect.stringMatching(/^Something went wrong on my side/) },
    ]);
  });
});

describe('reviewing', () => {
  test('opens at once and fills in the plan when it is there', async () => {
    const { deliver, open, slack, settled, diagnosed } = createBot();
    await open();
    const delivered = deliver(press(BOB, 'incident:review', 'INC-0412'));
    await delivered;
    const [viewId] = [...slack.views.keys()];
    expect(readAloud(slack.views.get(viewId ?? '')?.blocks ?? [])).toContain('making the plan');
    await diagnosed('RUN-0001');
    await settled();
    // Bob asked for it himself, so he may read it, and somebody else must approve it.
    expect(readAloud(slack.views.get(viewId ?? '')?.blocks ?? [])).toContain('# Exactly this will run');
    expect(slack.views.get(viewId ?? '')?.submit).toBeUndefined();
  });

  test('shows Dave the plan for reading, says that he may not approve it, and who may', async () => {
    const { deliver, view, slack } = await withModal();
    await deliver(press(DAVE, 'incident:review', 'INC-0412', '100.3'));
    const shown = [...slack.views.values()].at(-1);
    expect(shown).not.toBe(view);
    expect(shown?.submit).toBeUndefined();
    const aloud = readAloud(shown?.blocks ?? []);
    expect(aloud).toMatch(
      /^You can read this plan, but not approve it\. Nothing runs until an approver approves it\. Approvers: Alice Anderson, Bob Brown and Carol Clark\.\n/,
    );
    expect(aloud).toContain('1. Stop RabbitMQ on ctl3');
    expect(aloud).not.toContain('?');
  });

  test('a plan that does not come in time is promised in the thread', async () => {
    const { deliver, open, slack, settled } = createBot();
    await open();
    await deliver(press(BOB, 'incident:review', 'INC-0412'));
    await settled();
    expect(readAloud([...slack.views.values()][0]?.blocks ?? [])).toContain('The diagnosis takes longer.');
  });
});

describe('approving', () => {
  test('is recorded and answered in the modal', async () => {
    const { deliver, view, stores } = await withModal();
    const answer = await deliver(submitted(BOB, view, filled()));
    expect(answer).toMatchObject({ response_action: 'update', view: { title: { text: 'Recorded' } } });
    expect(JSON.stringify(answer)).toContain('Recorded. 1 of 1 approvals.');
    expect(stores.kept.runs.get('RUN-0001')?.state).toBe('checking');
  });

  test('with a mistake is sent back at its field', async () => {
    const { deliver, view } = await withModal();
    const values = { ...filled(''), cluster_name: { value: { type: 'plain_text_input', value: 'prod' } } };
    expect(await deliver(submitted(BOB, view, values))).toEqual({
      response_action: 'errors',
      errors: {
        cluster_name: 'Type the cluster’s name to confirm: prod-a',
        reason: 'Please give a reason; it goes to the audit log.',
      },
    });
  });

  test('by Dave, in a modal that Bob opened, does nothing', async () => {
    const { deliver, view, stores } = await withModal();
    expect(await deliver(submitted(DAVE, view, filled()))).toMatchObject({ response_action: 'errors' });
    expect(stores.kept.runs.get('RUN-0001')).toMatchObject({ state: 'proposed', votes: [] });
  });

  test('another way, chosen in the open modal, shows another plan', async () => {
    const { deliver, view, viewId, slack, settled } = await withModal();
    await deliver(chosen(BOB, viewId, view, 'ctl3'));
    await settled();
    const aloud = readAloud(slack.views.get(viewId)?.blocks ?? []);
    expect(aloud).toContain('1. Stop RabbitMQ on ctl1');
    expect(aloud).toContain('41 queues of ctl1');
    expect(aloud).toMatch(
      /^This is a new plan: Keep ctl3\. Nothing is approved yet\. It stops 1 of 3 nodes\.\n/,
    );
  });

  test('another way, chosen and submitted, is not approved unseen', async () => {
    const { deliver, view, slack, settled, stores } = await withModal();
    const choice = { 'approval:choice': { type: 'radio_buttons', selected_option: { value: 'ctl3' } } };
    // Nothing is typed and no reason is given: choosing approves nothing.
    const answer = await deliver(submitted(BOB, view, { choice }));
    expect(JSON.stringify(answer)).toContain('making the plan');
    await settled();
    expect(stores.kept.runs.get('RUN-0001')).toMatchObject({ state: 'proposed', choice: 'ctl3', votes: [] });
    expect(readAloud(slack.views.get('V1')?.blocks ?? [])).toContain('1. Stop RabbitMQ on ctl1');
  });

  test('an approval that is delivered twice counts once, and the second answer says how it stands', async () => {
    const { deliver, view, stores } = await withModal();
    const first = await deliver(submitted(BOB, view, filled()));
    expect(JSON.stringify(first)).toContain('Recorded. 1 of 1 approvals.');
    expect(JSON.stringify(await deliver(submitted(BOB, view, filled())))).toContain(
      'Slack delivered this twice; it counts at most once.',
    );
    expect(stores.kept.runs.get('RUN-0001')?.votes).toHaveLength(1);
  });

  test('an approval that was handed back may be sent again from the same window', async () => {
    const { deliver, view } = await withModal();
    const wrong = { ...filled(), cluster_name: { value: { type: 'plain_text_input', value: 'prod-b' } } };
    expect(await deliver(submitted(BOB, view, wrong))).toMatchObject({ response_action: 'errors' });
    expect(JSON.stringify(await deliver(submitted(BOB, view, filled())))).toContain('Recorded.');
  });

  test.each<[string, Error, string]>([
    ['may be given again in the same window', new Error('Redis is away'), 'Recorded. 1 of 1 approvals.'],
    [
      'and may be stored counts once',
      new NotReplicated('stored, and on no replica'),
      'it counts at most once',
    ],
  ])('an approval that met a fault of ours %s', async (_, error, told) => {
    const { deliver, view, stores } = await withModal();
    const { put } = stores.runs;
    stores.runs.put = async () => {
      throw error;
    };
    await expect(deliver(submitted(BOB, view, filled()))).resolves.toMatchObject({
      response_action: 'errors',
    });
    stores.runs.put = put;
    expect(JSON.stringify(await deliver(submitted(BOB, view, filled())))).toContain(told);
  });

  test('a window of another version says so', async () => {
    const { deliver, view } = await withModal();
    const answer = await deliver(submitted(BOB, { ...view, private_metadata: '{}' }, filled()));
    expect(JSON.stringify(answer)).toContain('This window is from an older version.');
  });
});

describe('a halt', () => {
  test('is said in the channel, by whom and how it ends; so is its end', async () => {
    const bot = createBot();
    await ask(bot, ['halt'], DAVE);
    await ask(bot, ['halt'], DAVE);
    await ask(bot, ['resume'], DAVE);
    await ask(bot, ['resume'], ALICE);
    expect(bot.slack.messages).toMatchObject([
      { channel: CHANNEL, text: 'Dave Dunn halted all repairs on all clusters.' },
      { channel: CHANNEL, text: 'Alice Anderson resumed repairs on all clusters.' },
    ]);
    expect(bot.slack.messages.map(({ blocks }) => readAloud(blocks ?? []))).toEqual([
      '*Halted:* Dave Dunn halted all repairs on all clusters at <!date^1795316400^{time_secs}|03:00:00 UTC>. An approver can resume with /rabbit resume.',
      '*Resumed:* Alice Anderson resumed repairs on all clusters at <!date^1795316400^{time_secs}|03:00:00 UTC>. Approved runs continue where they were halted.',
    ]);
  });

  test('that cannot be said in the channel holds all the same, and is said to be unsaid', async () => {
    const bot = createBot();
    bot.slack.failNext('postMessage', new Error('Slack is away'));
    const [answer] = await ask(bot, ['halt prod-a'], DAVE);
    expect(answer?.text).toMatch(
      /^Halted: prod-a\..* I could not post this in the channel: please tell the others\.$/,
    );
    expect(await bot.stores.halts.isHalted('prod-a')).toBe(true);
  });

  test('is said to whoever approves while it holds', async () => {
    const { deliver, view, stores } = await withModal();
    await stores.halts.halt('prod-a', DAVE);
    expect(JSON.stringify(await deliver(submitted(BOB, view, filled())))).toContain(
      'Repairs are halted: RUN-0001 waits. An approver can resume with /rabbit resume.',
    );
  });
});

describe('a command', () => {
  test('is answered to whoever asked', async () => {
    const answers = await ask(createBot(), ['help', 'status', 'incidents', 'queues', 'runbooks']);
    expect(answers.map(({ response_type }) => response_type)).toEqual(
      Array.from({ length: 5 }, () => 'ephemeral'),
    );
    const [help, status, incidents, queues, runbooks] = answers.map(({ blocks }) => readAloud(blocks));
    expect(help).toContain('/rabbit run <runbook> <subject>'.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
    expect(help).not.toContain('break');
    expect(help).toContain('approve repairs, and halt or resume all repairs.');
    expect(status).toContain('prod-a: not swept yet');
    expect(incidents).toContain('No open incident');
    expect(queues).toContain('Not swept yet.');
    expect(runbooks).toContain('*Network split (partition)*');
  });

  test('with “share” is answered to the channel', async () => {
    const [answer] = await ask(createBot(), ['status share']);
    expect(answer?.response_type).toBe('in_channel');
  });

  test.each([
    ['stauts', 'No command named “stauts”. Did you mean /rabbit status?'],
    ['xyzzy', 'No command named “xyzzy”. Type /rabbit help to list all commands.'],
    ['break partition', 'No command named “break”. Type /rabbit help to list all commands.'],
    ['run partitoin', 'No runbook named “partitoin”. Did you mean partition?'],
    ['run partition', 'No incident of partition is open, so there is nothing to diagnose.'],
    ['ack INC-9999', 'There is no INC-9999.'],
    ['incidents all', 'I do not understand “all” there. Usage: /rabbit incidents'],
    [
      'maintenance prod-a 2h please now',
      'I do not understand “please now” there. Usage: /rabbit maintenance &lt;cluster&gt; [2h | end]',
    ],
    ['status prod-z', 'No cluster named “prod-z”. Did you mean prod-a?'],
  ])('“%s” is answered with what was meant', async (text, said) => {
    const [answer] = await ask(createBot(), [text]);
    expect(answer?.text).toBe(said);
  });

  test('starts a diagnosis by runbook and subject', async () => {
    const bot = createBot();
    await bot.open();
    const [answer] = await ask(bot, ['run partition ctl3']);
    expect(answer?.text).toMatch(/^RUN-0001 diagnoses INC-0412; it only reads\./);
    expect(bot.stores.kept.runs.get('RUN-0001')?.requestedBy).toBe(ALICE);
  });
});

test.each(['rabbit46', 'rabbit46@localhost', 'INC-0412', 'inc-0412'])(
  '“run partition %s” means the one node of that name',
  async (subject) => {
    const bot = createBot();
    await bot.open({ subject: 'rabbit46@localhost' });
    await bot.open({ id: 'INC-0413', key: 'other', subject: 'rabbit45@localhost' });
    const [answer, unclear] = await ask(bot, [`run partition ${subject}`, 'run partition localhost']);
    expect(answer?.text).toMatch(/^RUN-0001 diagnoses INC-0412;/);
    expect(unclear?.text).toBe(
      'Incidents of partition are open for: rabbit46@localhost, rabbit45@localhost. Which one?',
    );
  },
);

test('a symptom is listed last, with what explains it', async () => {
  const bot = createBot();
  await bot.open({ id: 'INC-0413', key: 'down', mutedBy: 'INC-0412' });
  await bot.open();
  const [answer] = await ask(bot, ['incidents']);
  expect(answer?.text).toBe(
    '1 open incident, and 1 explained by another incident, 0 resolved in the last 24 hours.',
  );
  expect(readAloud(answer?.blocks ?? [])).toMatch(
    /INC-0412 .*\(open for 0 s\)\nINC-0413 .*\(explained by INC-0412\)/,
  );
});

test('the Home tab shows the clusters and what is mine', async () => {
  const { deliver, open, slack, stores } = createBot();
  await open({ owner: ALICE });
  await deliver(homeOpened(ALICE));
  const aloud = readAloud(slack.homes.get(ALICE)?.blocks ?? []);
  expect(aloud).toContain(
    '# Your incidents\nINC-0412 P1 prod-a: ctl3 is cut off from ctl1 + ctl2. (open since 2026-11-22 03:00:00 UTC)',
  );
  expect(await stores.homes.recent({ withinMs: 1_000, limit: 5 })).toEqual([ALICE]);
});

test('an event that Slack delivers again is one event', async () => {
  const { deliver, slack } = createBot();
  await Promise.all([deliver(homeOpened(ALICE)), deliver(homeOpened(ALICE))]);
  expect(slack.calls.get('publishHome')).toBe(1);
});
