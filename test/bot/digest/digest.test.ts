import { describe, expect, test } from 'vitest';
import { type DigestInput, digestOf } from '../../../src/bot/digest/digest-of.ts';
import { digestMessage } from '../../../src/bot/slack/cards/digest-message.ts';
import { postDigest, postDigestFor } from '../../../src/bot/slack/send/post-digest.ts';
import { type History, type Incident, queueKey, summaryOf } from '../../../src/runbooks/index.ts';
import { createWorld, openIncident, proposedRun, quiet } from '../fakes/world.ts';
import { problemsOfMessage } from '../slack/block-problems.ts';
import { readAloud } from '../slack/read-aloud.ts';

const nowMs = openIncident.openedAtMs + 6 * 3_600_000;
const history: History = {
  ...quiet.history,
  queues: {
    [queueKey('/', 'scheduler_fanout_4f')]: {
      ready: [
        [0, 36_000],
        [300_000, 36_496],
      ],
    },
  },
};
const quietNight: DigestInput = {
  sinceMs: nowMs - 24 * 3_600_000,
  nowMs,
  clusters: [
    { name: 'prod-a', summary: summaryOf(quiet), sweptAtMs: nowMs - 5_000, isHalted: false, open: [] },
  ],
  incidents: [],
  runs: [],
  audit: [],
  headline: () => 'ctl3 is cut off from ctl1 + ctl2',
};
const repaired: Incident = {
  ...openIncident,
  state: 'resolved',
  acknowledgedAtMs: openIncident.openedAtMs + 60_000,
  resolvedAtMs: openIncident.openedAtMs + 720_000,
};

function aloud(input: DigestInput): string {
  const message = digestMessage(digestOf(input));
  expect(problemsOfMessage(message)).toEqual([]);
  return readAloud(message.blocks);
}

describe('the digest', () => {
  test('of a quiet night is short', () => {
    expect(digestMessage(digestOf(quietNight)).text).toBe(
      'RabbitMQ digest: All clusters are healthy. 0 incidents in the last 24 h.',
    );
    expect(aloud(quietNight)).toMatchInlineSnapshot(`
      "# RabbitMQ digest
      All clusters are healthy. 0 incidents in the last 24 h.
      *Clusters*
      prod-a: healthy, 3 of 3 nodes answer
      *Incidents: 0*
      None.
      *Repairs*
      None.
      *Could not be checked*
      Everything was checked.
      ~ From <!date^1795251600^{date_short_pretty} {time}|2026-11-21 09:00:00 UTC> to <!date^1795338000^{date_short_pretty} {time}|2026-11-22 09:00:00 UTC>"
    `);
  });

  test('of a bad night says what happened, how long it took, and what needs a hand', () => {
    const open: Incident = { ...openIncident, id: 'INC-0413', severity: 'warning' };
    expect(
      aloud({
        ...quietNight,
        clusters: [
          {
            name: 'prod-a',
            summary: { ...summaryOf({ ...quiet, history }), blind: ['rabbit@ctl2: it gave no answer'] },
            sweptAtMs: nowMs - 5_000,
            isHalted: true,
            open: [open],
          },
        ],
        incidents: [repaired, open],
        runs: [
          { ...proposedRun(), state: 'done' },
          { ...proposedRun(), state: 'expired' },
          { ...proposedRun(), state: 'superseded' },
        ],
        audit: [{ atMs: nowMs, actor: 'U0DAVE', event: 'click.refused', text: '' }],
      }),
    ).toMatchInlineSnapshot(`
      "# RabbitMQ digest
      prod-a: needs attention. 2 incidents in the last 24 h.
      *Clusters*
      prod-a: 1 open incident, P2, 3 of 3 nodes answer, repairs are halted
      *Incidents: 2 (typically acknowledged after 1 min, resolved after 12 min)*
      INC-0412 P1 prod-a: ctl3 is cut off from ctl1 + ctl2. (acknowledged after 1 min, resolved after 12 min)
      INC-0413 P2 prod-a: ctl3 is cut off from ctl1 + ctl2. (not acknowledged, still open)
      *Repairs*
      1 done, 1 stopped before changing anything, 1 expired without approval, 1 click refused.
      *Growing queues*
      prod-a: scheduler_fanout_4f holds 36,496 messages, 496 more in 5 min
      *Could not be checked*
      prod-a: rabbit@ctl2: it gave no answer
      ~ From <!date^1795251600^{date_short_pretty} {time}|2026-11-21 09:00:00 UTC> to <!date^1795338000^{date_short_pretty} {time}|2026-11-22 09:00:00 UTC>"
    `);
  });

  test('names the people who used break-glass by the votes of the entry, not by what looks like an id', () => {
    const text = 'U0DAVE broke the glass at 02:14 UTC. Reason: see https://wiki/URL';
    const { glass, people } = digestOf({
      ...quietNight,
      audit: [
        { atMs: nowMs, actor: 'cli:dave (U0DAVE)', event: 'run.glass_broken', text, votes: ['U0DAVE'] },
      ],
    });
    expect(glass).toHaveLength(1);
    expect(people).toEqual(['U0DAVE']);
  });

  test('does not call healthy a cluster that was not looked at', () => {
    const [cluster] = quietNight.clusters;
    const clusters = cluster === undefined ? [] : [{ ...cluster, sweptAtMs: nowMs - 3_600_000 }];
    const { text } = digestMessage(digestOf({ ...quietNight, clusters }));
    expect(text).toContain('No trouble found, but not everything could be checked.');
  });

  test('says when nobody looked for a while', () => {
    const text = 'prod-a was not swept for 75 s.';
    const missed = { atMs: nowMs - 60_000, actor: 'watership', event: 'sweep.missed', text };
    expect(aloud({ ...quietNight, audit: [missed] })).toContain(`*Could not be checked*\n${text}`);
  });

  test('leaves out symptoms that their cause explains', () => {
    const symptom: Incident = { ...openIncident, id: 'INC-0414', mutedBy: 'INC-0412' };
    expect(digestOf({ ...quietNight, incidents: [repaired, symptom] }).incidents).toHaveLength(1);
  });

  test('has what was posted or treated, though another incident explains it now', () => {
    const silent: Incident = { ...repaired, id: 'INC-0414', mutedBy: 'INC-0412' };
    const posted: Incident = { ...silent, id: 'INC-0415' };
    const treated: Incident = { ...silent, id: 'INC-0416' };
    const { incidents } = digestOf({
      ...quietNight,
      incidents: [silent, posted, treated],
      posted: new Set(['INC-0415']),
      runs: [{ ...proposedRun(), state: 'done', incident: 'INC-0416' }],
    });
    expect(incidents.map(({ id }) => id)).toEqual(['INC-0415', 'INC-0416']);
  });

  test('names what was deleted, and counts only what was', () => {
    const run = proposedRun();
    const [item] = run.plan?.items ?? [];
    if (run.plan === undefined || item?.kind !== 'act') {
      throw new Error('the plan begins with an action');
    }
    const deletion = {
      ...item,
      isDeletion: true as const,
      call: { action: 'queue.delete', args: { maxReady: 1_000 } },
    };
    const plan = { ...run.plan, items: [deletion, deletion, deletion] };
    const items = (['applied', 'applied', 'refused'] as const).map((state) => ({ state }));
    expect(aloud({ ...quietNight, runs: [{ ...run, plan, items, state: 'failed' }] })).toContain(
      '*Deleted for good*\nprod-a: 2 queues, at most 2,000 messages (RUN-0193, INC-0412)\n',
    );
  });

  test('says of a plan that waits for its votes that it waits', () => {
    const runs = [proposedRun(), { ...proposedRun(), state: 'acting' as const }];
    expect(aloud({ ...quietNight, runs })).toContain('1 running, 1 waits for approval.');
  });

  test('tells what is over as it was at its worst', () => {
    const { severity, runbook, subject, facts } = repaired;
    const eased: Incident = {
      ...repaired,
      severity: 'warning',
      subject: 'an echo',
      worst: { severity, runbook, subject, facts },
    };
    const input = { ...quietNight, headline: (incident: Incident) => incident.subject };
    expect(digestOf({ ...input, incidents: [eased] }).incidents).toMatchObject([
      { severity: 'critical', headline: repaired.subject },
    ]);
    expect(digestOf({ ...input, incidents: [{ ...eased, state: 'open' }] }).incidents).toMatchObject([
      { severity: 'warning', headline: 'an echo' },
    ]);
  });

  test('is posted once for a slot, and covers what came since the last one', async () => {
    const { context, slack, stores, clock } = createWorld();
    const tries = await Promise.allSettled([
      postDigest(context, slack, { slot: 'Mon' }),
      postDigest(context, slack, { slot: 'Mon' }),
    ]);
    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await postDigest(context, slack, { slot: 'Mon' });
    expect(slack.messages).toMatchObject([{ channel: 'C0MAIN' }]);
    expect(stores.kept.audit.map(({ event }) => event)).toEqual(['digest.posted']);

    clock.pass(3_600_000);
    await stores.incidents.put(
      { ...repaired, openedAtMs: clock.now() - 10, resolvedAtMs: clock.now() },
      0,
      undefined,
    );
    clock.pass(3_600_000);
    await postDigest(context, slack, { slot: 'Tue', channel: 'C0OTHER' });
    expect(slack.messages[1]).toMatchObject({
      channel: 'C0OTHER',
      text: expect.stringContaining('1 incident in the last 2 h'),
    });
    await postDigest(context, slack, { slot: 'Wed' });
    expect(slack.messages[2]?.text).toContain('0 incidents in the last 0 s');
  });

  test('that somebody asks for leaves to the next scheduled one what it covers', async () => {
    const { context, slack, stores, clock } = createWorld();
    const resolvedAtMs = clock.now() - 10;
    await stores.incidents.put({ ...repaired, openedAtMs: resolvedAtMs, resolvedAtMs }, 0, undefined);
    await postDigestFor(context, slack, { channel: 'C0OTHER', by: 'U0DAVE' });
    expect(slack.messages[0]).toMatchObject({
      channel: 'C0OTHER',
      text: expect.stringContaining('1 incident'),
    });
    expect(stores.kept.audit).toMatchObject([{ event: 'digest.asked', actor: 'U0DAVE' }]);
    clock.pass(60_000);
    await postDigest(context, slack, { slot: 'Mon' });
    expect(slack.messages[1]?.text).toContain('1 incident in the last 24 h');
  });

  test('that Slack did not take is posted by the next try for the same slot', async () => {
    const { context, slack } = createWorld();
    slack.failNext('postMessage', new Error('Slack is away'));
    await expect(postDigest(context, slack, { slot: 'Mon' })).rejects.toThrow('Slack is away');
    expect(slack.messages).toEqual([]);
    await postDigest(context, slack, { slot: 'Mon' });
    expect(slack.messages).toHaveLength(1);
  });

  test('whose process died behind the post is not posted a second time', async () => {
    const { context, slack } = createWorld();
    const { postMessage } = slack;
    slack.postMessage = async (message) => {
      await postMessage(message);
      throw new Error('killed');
    };
    await expect(postDigest(context, slack, { slot: 'Mon' })).rejects.toThrow('killed');
    slack.postMessage = postMessage;
    await postDigest(context, slack, { slot: 'Mon' });
    expect(slack.messages).toHaveLength(1);
  });
});
