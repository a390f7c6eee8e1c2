import { describe, expect, test, vi } from 'vitest';
import { haltRepairs, resumeRepairs } from '../../../../src/bot/approvals/halts.ts';
import { acknowledge, requestDiagnosis } from '../../../../src/bot/approvals/incidents.ts';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { cancel } from '../../../../src/bot/approvals/runs.ts';
import { createTransitions } from '../../../../src/bot/approvals/transitions.ts';
import type { SlackMessage } from '../../../../src/bot/ports/slack.ts';
import { SlackBusy, SlackRefused, SlackUnreachable } from '../../../../src/bot/ports/slack-errors.ts';
import { createIncidentNotifier } from '../../../../src/bot/slack/send/incident-notifier.ts';
import type { Incident, Run } from '../../../../src/runbooks/index.ts';
import { byCommand, inChannel } from '../../fakes/callers.ts';
import type { FakeSlack } from '../../fakes/slack.ts';
import { ALICE, CHANNEL, createWorld, DAVE } from '../../fakes/world.ts';
import { readAloud } from '../read-aloud.ts';

const click = inChannel(ALICE, CHANNEL);

function createScene() {
  const world = createWorld();
  const { slack, clock, context } = world;
  const transitions = createTransitions(
    context,
    createPeople({ slack, clock, people: context.config.people }),
  );
  return { ...world, transitions, notifier: createIncidentNotifier({ context, slack }) };
}

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text);

describe('the incident notifier', () => {
  test('posts one card with a thread, and then edits it', async () => {
    const { open, notifier, slack, transitions } = createScene();
    await open();
    await notifier.tell('INC-0412');
    expect(slack.messages).toMatchObject([
      { channel: CHANNEL, text: 'P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Needs an owner.' },
      { channel: CHANNEL, threadTs: slack.messages[0]?.ts, text: 'Seen in 2 sweeps.' },
    ]);

    await acknowledge(transitions, 'INC-0412', click);
    await notifier.tell('INC-0412');
    expect(texts(slack.messages)).toEqual([
      'P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Alice Anderson is on it.',
      'Seen in 2 sweeps.',
      'Alice Anderson is on it.',
    ]);
  });

  test('sends nothing when nothing has changed', async () => {
    const { open, notifier, slack } = createScene();
    await open();
    await notifier.tell('INC-0412');
    const calls = new Map(slack.calls);
    await notifier.tell('INC-0412');
    expect(slack.calls).toEqual(calls);
  });

  test('shows a run in one message that is edited in place', async () => {
    const { open, notifier, slack, transitions, diagnosed } = createScene();
    await open();
    await requestDiagnosis(transitions, 'INC-0412', click);
    await notifier.tell('INC-0412');
    await diagnosed('RUN-0001');
    await notifier.tell('INC-0412');
    const inThread = slack.messages.filter(({ threadTs }) => threadTs !== undefined);
    expect(inThread).toHaveLength(2);
    expect(readAloud(inThread.at(-1)?.blocks ?? [])).toContain(
      '# prod-a: ctl3 is cut off from ctl1 + ctl2 - a plan waits for approval',
    );
  });

  test.each<[string, Pick<Run, 'because' | 'endedBy'>]>([
    [
      'by the id that it stores',
      { because: 'It was withdrawn by U0DAVE.', endedBy: { kind: 'cancelled', by: 'U0DAVE' } },
    ],
    ['by its sentence, where 0.1.0 stored no id', { because: 'U0DAVE cancelled it. Nothing was done.' }],
  ])('names whoever cancelled a run %s', async (_how, end) => {
    const { open, notifier, slack, transitions, diagnosed, stores, clock } = createScene();
    await open();
    await requestDiagnosis(transitions, 'INC-0412', click);
    const run = await diagnosed('RUN-0001');
    const at = { atMs: clock.now(), actor: DAVE, event: 'run.cancelled', text: 'Cancelled.' };
    const cancelled: Run = { ...run, ...end, state: 'cancelled', endedAtMs: clock.now() };
    await stores.runs.put({ ...cancelled, version: run.version + 1 }, run.version, at);
    await notifier.tell('INC-0412');
    const shown = slack.messages.map(({ blocks = [] }) => readAloud(blocks)).join('\n');
    expect(shown).toMatch(/Dave .*cancelled it|withdrawn by Dave/);
    expect(shown).not.toContain('U0DAVE');
  });

  test('names the people of a thread line by the ids that it stores beside its text', async () => {
    const { open, notifier, slack, stores, clock } = createScene();
    await open();
    await stores.incidents.note('INC-0412', [
      { atMs: clock.now(), text: 'U0DAVE is on it.', people: [DAVE] },
    ]);
    await notifier.tell('INC-0412');
    const shown = slack.messages.map(({ blocks = [] }) => readAloud(blocks)).join('\n');
    expect(shown).toMatch(/Dave .*is on it/);
    expect(shown).not.toContain('U0DAVE');
  });

  describe('after a run that stopped a node and was cancelled', () => {
    async function cancelledAfterStop() {
      const scene = createScene();
      const { open, stores, transitions, diagnosed, clock } = scene;
      await open();
      await requestDiagnosis(transitions, 'INC-0412', click);
      const run = await diagnosed('RUN-0001');
      const items: Run['items'] = [{ state: 'applied' }, { state: 'waiting' }];
      const at = { atMs: clock.now(), actor: 'watership', event: 'run.acting', text: 'Acting.' };
      const acting: Run = { ...run, state: 'acting', items };
      await stores.runs.put({ ...acting, version: run.version + 1 }, run.version, at);
      await cancel(transitions, { run: run.id }, click);
      return scene;
    }
    const left = 'RUN-0001 was cancelled after: Stop RabbitMQ on ctl3. It left ctl3 stopped.';

    test('says so on the resolved card, whatever was diagnosed since', async () => {
      const { stores, transitions, diagnosed, clock, notifier, slack } = await cancelledAfterStop();
      await requestDiagnosis(transitions, 'INC-0412', click);
      await diagnosed('RUN-0002');
      const incident = await stores.incidents.get('INC-0412');
      if (incident === undefined) {
        throw new Error('it is gone');
      }
      const resolved: Incident = { ...incident, state: 'resolved', resolvedAtMs: clock.now() };
      const at = { atMs: clock.now(), actor: 'watership', event: 'incident.resolved', text: 'Over.' };
      await stores.incidents.put({ ...resolved, version: incident.version + 1 }, incident.version, at);
      await notifier.tell('INC-0412');
      expect(slack.messages[0]?.text).toContain(`Not repaired by Watership: ${left}`);
    });

    test('names it on the card of that node', async () => {
      const { open, notifier, slack } = await cancelledAfterStop();
      await open({ id: 'INC-0413', key: 'node:ctl3' });
      await open({ id: 'INC-0414', key: 'node:ctl1' });
      await notifier.tell('INC-0413');
      await notifier.tell('INC-0414');
      const [named, other] = slack.messages
        .filter(({ threadTs }) => threadTs === undefined)
        .map(({ blocks = [] }) => readAloud(blocks));
      expect(named).toContain(`${left} That run belonged to INC-0412.`);
      expect(other).not.toContain('RUN-0001');
    });
  });

  test('takes the buttons from the message of an older run before it shows the newer', async () => {
    const { open, notifier, slack, transitions, diagnosed, clock, stores } = createScene();
    await open();
    await requestDiagnosis(transitions, 'INC-0412', click);
    const first = await diagnosed('RUN-0001');
    await notifier.tell('INC-0412');
    const audit = { atMs: 0, actor: 'watership', event: 'run.expired', text: '' };
    await stores.runs.put({ ...first, state: 'expired', endedAtMs: clock.now() }, first.version, audit);
    await requestDiagnosis(transitions, 'INC-0412', click);
    await notifier.tell('INC-0412');
    const progress = slack.messages.filter(({ text }) => text.startsWith('prod-a: ctl3'));
    expect(progress).toHaveLength(2);
    expect(readAloud(progress[0]?.blocks ?? [])).toMatch(
      /the plan has expired, nothing was changed(?![\s\S]*run:cancel)/,
    );
    expect(readAloud(progress[1]?.blocks ?? [])).toContain('diagnosing, read-only');
  });

  test('shows a halt on the card and in the thread while a run is active, and no more when it is resumed', async () => {
    const { open, notifier, slack, transitions, diagnosed, sent } = createScene();
    await open();
    await requestDiagnosis(transitions, 'INC-0412', click);
    await diagnosed('RUN-0001');
    sent.told.length = 0;
    await haltRepairs(transitions, undefined, byCommand(DAVE));
    expect(sent.told).toEqual(['INC-0412']);
    await notifier.tell('INC-0412');
    const [card, ...thread] = slack.messages.map(({ blocks }) => readAloud(blocks ?? []));
    expect(card).toContain('*Halted:* Dave Dunn halted all repairs on all clusters at');
    expect(thread.at(-1)).toContain('*Halted:* Dave Dunn halted all repairs on all clusters at');
    await resumeRepairs(transitions, undefined, byCommand(ALICE));
    await notifier.tell('INC-0412');
    expect(readAloud(slack.messages.flatMap(({ blocks }) => blocks ?? []))).not.toContain('Halted');
  });

  test('publishes the Home tabs that were opened lately again, once for changes that come together', async () => {
    const { open, notifier, slack, stores, transitions } = createScene();
    await open();
    await stores.homes.opened(ALICE);
    await notifier.tell('INC-0412');
    await acknowledge(transitions, 'INC-0412', click);
    await notifier.tell('INC-0412');
    await vi.waitFor(() => expect(slack.homes.has(ALICE)).toBe(true));
    expect(slack.calls.get('publishHome')).toBe(1);
    expect(slack.homes.has(DAVE)).toBe(false);
    const aloud = readAloud(slack.homes.get(ALICE)?.blocks ?? []);
    expect(aloud).toContain(
      '# Your incidents\nINC-0412 P1 prod-a: ctl3 is cut off from ctl1 + ctl2. (open since 2026-11-22 03:00:00 UTC)',
    );
    expect(aloud).not.toMatch(/ ago|open for/);
  });

  test('a Home tab that cannot be shown keeps no other from being shown', async () => {
    const { open, notifier, slack, stores } = createScene();
    await open();
    await stores.homes.opened(ALICE);
    await stores.homes.opened(DAVE);
    slack.failNext('publishHome', new SlackRefused('views.publish', 'user_not_found'));
    await notifier.tell('INC-0412');
    await vi.waitFor(() => expect(slack.calls.get('publishHome')).toBe(2));
    await vi.waitFor(() => expect(slack.homes.size).toBe(1));
  });

  test('says nothing about a symptom that was never told', async () => {
    const { open, notifier, slack } = createScene();
    await open({ mutedBy: 'INC-0400' });
    await notifier.tell('INC-0412');
    expect(slack.messages).toEqual([]);
  });

  test('takes the buttons from the card of a symptom that was told before its cause was known', async () => {
    const { open, notifier, slack, stores } = createScene();
    const incident = await open();
    await notifier.tell('INC-0412');
    await change(stores, incident, { mutedBy: 'INC-0400' });
    await notifier.tell('INC-0412');
    expect(slack.messages[0]?.text).toContain('Explained by INC-0400.');
    expect(readAloud(slack.messages[0]?.blocks ?? [])).not.toContain('incident:ack');
  });

  test('counts the symptoms on the card of their cause', async () => {
    const { open, notifier, slack } = createScene();
    await open();
    await open({ id: 'INC-0413', key: 'queue:a', runbook: 'backlog', mutedBy: 'INC-0412' });
    await open({ id: 'INC-0414', key: 'queue:b', runbook: 'backlog', mutedBy: 'INC-0412' });
    await notifier.tell('INC-0412');
    expect(readAloud(slack.messages[0]?.blocks ?? [])).toContain('Muted symptoms: 2 backlog');
  });

  test('posts a lost card anew, with its thread', async () => {
    const { open, notifier, slack, transitions } = createScene();
    await open();
    await notifier.tell('INC-0412');
    slack.forget(slack.messages[0]?.ts ?? '');
    await acknowledge(transitions, 'INC-0412', click);
    await notifier.tell('INC-0412');
    const root = slack.messages.find(({ threadTs, text }) => threadTs === undefined && text.startsWith('P1'));
    const replies = slack.messages.filter(({ threadTs }) => threadTs === root?.ts);
    expect(texts(replies)).toEqual(['Seen in 2 sweeps. Alice Anderson is on it.']);
  });

  test('does not post a second card after a crash between posting and writing down where', async () => {
    const { open, notifier, slack, stores } = createScene();
    await open();
    const { put } = stores.cards;
    const broken = { ...stores.cards, put: () => Promise.reject(new Error('killed')) };
    Object.assign(stores.cards, broken);
    await expect(notifier.tell('INC-0412')).rejects.toThrow('killed');
    Object.assign(stores.cards, { put });
    await notifier.tell('INC-0412');
    expect(slack.messages.filter(({ threadTs }) => threadTs === undefined)).toHaveLength(1);
    expect(texts(slack.messages)).toContain('Seen in 2 sweeps.');
  });

  test('does not say a line twice that Slack took without an answer, and leaves out none', async () => {
    const { open, notifier, slack, stores, clock } = createScene();
    await open();
    loseAnswer(slack, ({ threadTs }) => threadTs !== undefined);
    await expect(notifier.tell('INC-0412')).rejects.toThrow('no usable answer');
    await stores.incidents.note('INC-0412', [{ atMs: clock.now(), text: 'It grew.' }]);
    await notifier.tell('INC-0412');
    expect(texts(slack.messages.slice(1))).toEqual(['Seen in 2 sweeps. It grew.']);
  });

  test('shows a run in one message though the answer to its first post was lost', async () => {
    const { open, notifier, slack, transitions, diagnosed } = createScene();
    await open();
    await requestDiagnosis(transitions, 'INC-0412', click);
    loseAnswer(slack, ({ text }) => text.startsWith('prod-a: ctl3'));
    await expect(notifier.tell('INC-0412')).rejects.toThrow('no usable answer');
    await diagnosed('RUN-0001');
    await notifier.tell('INC-0412');
    const progress = slack.messages.filter(({ text }) => text.startsWith('prod-a: ctl3'));
    expect(progress).toHaveLength(1);
    expect(progress[0]?.text).toContain('a plan waits for approval');
  });

  test('throws when Slack is away, and changes no state', async () => {
    const { open, notifier, slack, stores } = createScene();
    const incident = await open();
    slack.failNext('postMessage', new SlackUnreachable('no answer'));
    await expect(notifier.tell('INC-0412')).rejects.toThrow('no answer');
    expect(stores.kept.incidents.get('INC-0412')).toEqual(incident);
    await notifier.tell('INC-0412');
    expect(slack.messages).toHaveLength(2);
  });

  test('that is interrupted in the middle of a thread goes on where it stopped', async () => {
    const { open, notifier, slack, stores, clock } = createScene();
    await open();
    await stores.incidents.note('INC-0412', [
      { atMs: clock.now(), text: 'The repair did not work.', broadcast: true },
      { atMs: clock.now(), text: 'Last line.' },
    ]);
    slack.failNext('postMessage', new SlackBusy('chat.postMessage', 1_000));
    await expect(notifier.tell('INC-0412')).rejects.toThrow();
    await notifier.tell('INC-0412');
    expect(texts(slack.messages.slice(1))).toEqual([
      'Seen in 2 sweeps.',
      'The repair did not work.',
      'Last line.',
    ]);
    expect(slack.messages.filter(({ broadcast }) => broadcast === true)).toHaveLength(1);
  });

  test('two at once tell every line once', async () => {
    const { open, context, slack } = createScene();
    await open();
    const [left, right] = [
      createIncidentNotifier({ context, slack }),
      createIncidentNotifier({ context, slack }),
    ];
    await Promise.all([left.tell('INC-0412'), right.tell('INC-0412')]);
    expect(slack.messages).toHaveLength(2);
  });
});

/** Slack takes the first such message, and its answer never arrives. */
function loseAnswer(slack: FakeSlack, isMeant: (message: SlackMessage) => boolean): void {
  const { postMessage } = slack;
  let isLost = false;
  slack.postMessage = async (message) => {
    const answer = await postMessage(message);
    if (isMeant(message) && !isLost) {
      isLost = true;
      throw new SlackUnreachable('no usable answer');
    }
    return answer;
  };
}

async function change(
  stores: ReturnType<typeof createWorld>['stores'],
  incident: Incident,
  to: Partial<Incident>,
): Promise<void> {
  await stores.incidents.put({ ...incident, ...to }, incident.version, {
    atMs: 0,
    actor: 'watership',
    event: 'incident.changed',
    text: '',
  });
}
