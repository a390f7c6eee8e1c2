import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { resumeRepairs } from '../../../../src/bot/approvals/halts.ts';
import { requestDiagnosis } from '../../../../src/bot/approvals/incidents.ts';
import { reviewOfRun } from '../../../../src/bot/approvals/plans.ts';
import { settleByPerson } from '../../../../src/bot/approvals/runs.ts';
import { readPostMortem } from '../../../../src/bot/audit/read-post-mortem.ts';
import { readDigest } from '../../../../src/bot/digest/read-digest.ts';
import { sweep } from '../../../../src/bot/jobs/sweep.ts';
import { digestMessage } from '../../../../src/bot/slack/cards/digest-message.ts';
import { createIncidentNotifier } from '../../../../src/bot/slack/send/incident-notifier.ts';
import { keysFor } from '../../../../src/bot/stores/keys.ts';
import type { Incident } from '../../../../src/runbooks/index.ts';
import { readAloud } from '../../slack/read-aloud.ts';
import { ALICE, BOB, CAROL, carry, DAVE, paperNames, runOf } from './paper.ts';
import { audited, click, given, itemsOf, update, yes } from './updated.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => {
  redis.disconnect();
});

describe('a run of 0.1.0 goes on', () => {
  test('halts still hold: the second yes is taken, nothing is done until an approver resumes, and then it is', async () => {
    const updated = await update(redis);
    const { context, transitions, paper } = updated;
    const { halts } = context.stores;
    expect(await halts.find()).toMatchObject({ by: `cli:ops (${ALICE})`, everywhere: true });
    expect(await Promise.all(paperNames.map((name) => halts.isHalted(name)))).not.toContain(false);

    const run = await runOf(context, 'RUN-0005');
    const review = await reviewOfRun(transitions, run, click(BOB));
    expect(review).toMatchObject({ kind: 'plan', plan: { hash: run.plan?.hash } });
    expect(review).not.toHaveProperty('readOnlyBecause');
    expect(await yes(updated, run, ALICE)).toMatchObject({ kind: 'errors' });
    expect(await yes(updated, run, BOB)).toMatchObject({ kind: 'recorded', votes: 2, isEnough: true });
    expect(await carry(context, run.id)).toMatchObject({
      state: 'acting',
      items: [{ state: 'waiting' }, { state: 'waiting' }],
    });
    expect(paper('prod-a').done).toEqual([]);

    expect(await resumeRepairs(transitions, 'prod-c', click(BOB))).toMatchObject({ refused: true });
    expect((await resumeRepairs(transitions, undefined, click(ALICE))).refused).toBeUndefined();
    expect(await Promise.all(paperNames.map((name) => halts.isHalted(name)))).not.toContain(true);
    expect(await carry(context, run.id)).toMatchObject({
      state: 'done',
      votes: [{ by: ALICE }, { by: BOB }],
    });
    expect(paper('prod-a').done).toEqual(['node.start rabbit@server-46']);
    expect((await audited(updated)).fault).toBeUndefined();
  });

  test('halts of single clusters, a person’s and the bot’s own, hold by themselves', async () => {
    const { context, prefix } = await update(redis);
    await redis.hdel(keysFor(prefix).halts, '*');
    const { halts } = context.stores;
    expect(await halts.find('prod-c')).toMatchObject({ by: BOB, everywhere: false });
    expect(await halts.find('prod-h')).toMatchObject({
      by: 'watership',
      because: expect.stringContaining('RUN-0019'),
    });
    expect(await halts.find('prod-a')).toBeUndefined();
  });

  test('a failure of then still counts: with two more of today the bot halts the cluster itself', async () => {
    const updated = await update(redis);
    const { context, transitions, paper } = updated;
    const { halts, incidents } = context.stores;
    await resumeRepairs(transitions, undefined, click(ALICE));
    paper('prod-g').execute = async () => ({ kind: 'refused', because: 'its host is not there' });
    for (let sweeps = 0; sweeps < 2; sweeps += 1) {
      await sweep(context, given(context.clusters.get('prod-g')));
    }
    const [incident] = await incidents.open('prod-g');
    expect(incident?.id).toBe('INC-0014');
    for (const isTooMuch of [false, true]) {
      const asked = await requestDiagnosis(transitions, 'INC-0014', click(DAVE));
      const run = await carry(context, asked.kind === 'running' ? asked.run.id : '');
      await yes(updated, run, ALICE);
      await yes(updated, run, BOB);
      expect(await carry(context, run.id)).toMatchObject({ state: 'failed' });
      expect(await halts.isHalted('prod-g')).toBe(isTooMuch);
    }
    expect(await halts.find('prod-g')).toMatchObject({ by: 'watership', everywhere: false });
  });

  test('an action that was under way when the bot died is settled by looking, not done again', async () => {
    const updated = await update(redis);
    const { context, transitions, paper, prefix } = updated;
    await resumeRepairs(transitions, undefined, click(ALICE));
    paper('prod-b').stopped.clear();
    paper('prod-b').reconcile = async () => ({ kind: 'done', because: 'it says that it runs' });
    // The dead one’s lease still stands, and then runs out.
    const lease = keysFor(prefix).lease('run:RUN-0006');
    expect(await redis.persist(lease)).toBe(1);
    expect(await carry(context, 'RUN-0006')).toMatchObject({
      state: 'acting',
      items: [{ state: 'intended' }, {}],
    });
    await redis.del(lease);
    const ended = await carry(context, 'RUN-0006');
    expect(ended.state).toBe('done');
    expect(ended.items).toMatchObject([
      { state: 'applied', attempts: 1, detail: 'it says that it runs' },
      { state: 'held' },
    ]);
    expect(paper('prod-b').done).toEqual([]);
    const entries = await context.stores.audit.read({ run: 'RUN-0006', limit: 99 });
    expect(entries.slice(-4).map(({ event }) => event)).toEqual([
      'run.item.intended',
      'run.item.applied',
      'run.item.held',
      'run.done',
    ]);
    expect((await audited(updated)).fault).toBeUndefined();
  });

  test('one that was approved is checked once more and carried out', async () => {
    const { context, transitions, paper } = await update(redis);
    await resumeRepairs(transitions, undefined, click(ALICE));
    expect(await carry(context, 'RUN-0007')).toMatchObject({ state: 'done' });
    expect(paper('prod-c').done).toEqual(['node.start rabbit@server-46']);
  });

  test('one whose other way somebody chose is approved and carried out that way', async () => {
    const updated = await update(redis);
    const { context, transitions, paper } = updated;
    await resumeRepairs(transitions, undefined, click(ALICE));
    const run = await runOf(context, 'RUN-0008');
    expect(run.choice).not.toBe(run.choices[0]?.id);
    expect(await yes(updated, run, ALICE)).toMatchObject({ kind: 'recorded', votes: 1, isEnough: false });
    expect(await yes(updated, run, CAROL)).toMatchObject({ kind: 'recorded', votes: 2, isEnough: true });
    expect(await carry(context, run.id)).toMatchObject({ state: 'done' });
    expect(paper('prod-d').done.slice(0, 2)).toEqual([
      'node.stop rabbit@server-44',
      'node.stop rabbit@server-46',
    ]);
  });

  test('one of which nobody could tell what happened takes a person’s word', async () => {
    const { context, transitions, paper } = await update(redis);
    await resumeRepairs(transitions, undefined, click(ALICE));
    paper('prod-e').stopped.clear();
    const { id, plan, items } = await runOf(context, 'RUN-0009');
    const on = { run: id, planHash: plan?.hash ?? '', item: 0, attempt: items[0]?.attempts ?? 0 };
    expect((await settleByPerson(transitions, on, 'it-happened', click(BOB))).refused).toBeUndefined();
    expect(await carry(context, id)).toMatchObject({
      state: 'done',
      items: [{ attempts: 1 }, { state: 'held' }],
    });
    expect(paper('prod-e').done).toEqual([]);
  });

  test('one that was being diagnosed comes to its plan', async () => {
    const { context } = await update(redis);
    expect(await carry(context, 'RUN-0020')).toMatchObject({
      state: 'proposed',
      plan: { tier: 'node' },
      votes: [],
    });
  });

  test('a trouble of then that is gone is resolved by the sweeps of today, and its open plan is withdrawn', async () => {
    const { context, paper } = await update(redis);
    paper('prod-a').stopped.clear();
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      await sweep(context, given(context.clusters.get('prod-a')));
    }
    expect(await context.stores.incidents.get('INC-0005')).toMatchObject({
      state: 'resolved',
      run: 'RUN-0005',
    });
    expect(await runOf(context, 'RUN-0005')).toMatchObject({ state: 'superseded' });
  });
});

describe('what 0.1.0 wrote is shown', () => {
  const strange = /undefined|\bNaN\b|\[object |Invalid Date|\bnull\b/;

  test('by the card, the thread and the progress of every incident', async () => {
    const { context, slack, prefix } = await update(redis);
    // As if somebody had deleted them in Slack: each one is made anew from the state alone.
    const cards = await redis.keys(`{${prefix}}:card:*`);
    expect(cards).toHaveLength(12);
    await redis.del(...cards);
    await redis.del(...(await redis.keys(`{${prefix}}:once:*`)));
    const notifier = createIncidentNotifier({ context, slack });
    const incidents = itemsOf<Incident>('incident');
    for (const { id } of incidents) {
      await notifier.tell(id);
    }

    const roots = slack.messages.filter(({ threadTs }) => threadTs === undefined);
    const cardsRead = roots.map(({ text, blocks = [] }) => `${text}\n${readAloud(blocks)}`);
    // One is told by its cause alone.
    const told = incidents.filter(({ mutedBy }) => mutedBy === undefined);
    for (const [index, { id, cluster }] of told.entries()) {
      expect(cardsRead[index], id).toContain(id);
      expect(cardsRead[index], id).toContain(cluster);
    }
    expect(roots).toHaveLength(told.length);
    const threads = slack.messages.filter(({ threadTs }) => threadTs !== undefined);
    const said = threads.map(({ text, blocks = [] }) => `${text}\n${readAloud(blocks)}`);
    for (const run of new Set(told.map(({ run: newest }) => given(newest)))) {
      expect(said.filter((words) => words.includes(run)).length, run).toBeGreaterThan(0);
    }
    expect([...cardsRead, ...said].filter((words) => strange.test(words))).toEqual([]);
    expect(await context.stores.cards.get('INC-0011')).toMatchObject({
      told: 29,
      progress: { run: 'RUN-0015' },
    });
  });

  test('where it stands already is known: a card of then is edited, and no second one is posted', async () => {
    const { context, slack } = await update(redis);
    const place = given(await context.stores.cards.get('INC-0013'));
    const progress = given(place.progress);
    const { channel } = place;
    slack.messages.push({ ts: place.ts, channel, text: 'then', urgency: 'normal' });
    slack.messages.push({ ts: progress.ts, channel, threadTs: place.ts, text: 'then', urgency: 'normal' });
    await createIncidentNotifier({ context, slack }).tell('INC-0013');
    const [card, , ...lines] = slack.messages;
    expect(readAloud(card?.blocks ?? [])).toContain('Carol');
    expect(lines.map(({ threadTs }) => threadTs)).toEqual([place.ts]);
    expect(await context.stores.cards.get('INC-0013')).toMatchObject({ ts: place.ts, told: 3 });
  });

  test('by the digest', async () => {
    const { context } = await update(redis);
    const digest = await readDigest(context);
    expect(digest).toMatchObject({
      runs: { done: 4, failed: 5, stopped: 2, expired: 1, cancelled: 2 },
      refusals: 5,
      deletions: [{ cluster: 'sandbox', run: 'RUN-0002', queues: 1 }],
    });
    expect(digest.incidents).toHaveLength(12);
    expect(digest.clusters.map(({ name, isHalted }) => [name, isHalted])).toEqual(
      paperNames.map((name) => [name, true]),
    );
    expect(digest.glass).toHaveLength(1);
    const { text, blocks = [] } = digestMessage(digest);
    const words = `${text}\n${readAloud(blocks)}`;
    expect(words).toContain('INC-0012');
    expect(words).not.toMatch(strange);
  });

  test('by the post-mortem of every incident', async () => {
    const { context } = await update(redis);
    const written: string[] = [];
    for (const { id } of itemsOf<Incident>('incident')) {
      const found = await readPostMortem(context, id, (people) => context.people.names(people));
      written.push(given(found).markdown);
    }
    expect(written.filter((markdown) => strange.test(markdown))).toEqual([]);
    // Six runs in a row, each with its end, and the one that repaired it.
    const ofMany = given(written.find((markdown) => markdown.includes('INC-0011')));
    for (const run of ['RUN-0010', 'RUN-0011', 'RUN-0012', 'RUN-0013', 'RUN-0014', 'RUN-0015']) {
      expect(ofMany).toContain(run);
    }
    const asked = await readPostMortem(context, 'RUN-0003', (people) => context.people.names(people));
    expect(asked?.incident.id).toBe('INC-0003');
    expect(asked?.markdown).toContain('Start RabbitMQ on rabbit46');
  });
});
