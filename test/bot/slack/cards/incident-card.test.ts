import { describe, expect, test } from 'vitest';
import { incidentCard } from '../../../../src/bot/slack/cards/incident-card.ts';
import type { IncidentCardInput } from '../../../../src/bot/slack/cards/incident-words.ts';
import type { Halt } from '../../../../src/bot/stores/stores.ts';
import { runbookText } from '../../../../src/bot/wording/runbook-text.ts';
import type { Incident, Run } from '../../../../src/runbooks/index.ts';
import { ALICE, BOB, cannotSeeRunbook, openIncident, proposedRun, splitRunbook } from '../../fakes/world.ts';
import { problemsOfMessage } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

const names = new Map([
  [ALICE, 'Alice Anderson'],
  [BOB, 'Bob Brown'],
]);

type Change = Partial<Pick<IncidentCardInput, 'run' | 'runs' | 'stopper' | 'muted' | 'halt'>>;

function cardOf(incident: Incident, change: Change = {}) {
  const card = incidentCard({
    incident,
    spoken: runbookText([splitRunbook, cannotSeeRunbook], incident),
    muted: {},
    resolveAfterSweeps: 3,
    sweepMs: 3_000,
    names,
    ...change,
  });
  expect(problemsOfMessage(card)).toEqual([]);
  return card;
}

describe('the card of an incident', () => {
  test.each([
    [1, undefined, 'gone for 3 s; resolves after 2 more looks'],
    [2, undefined, 'gone for 6 s; resolves after one more look'],
    [3, proposedRun, 'gone for 9 s; resolves once its run is over'],
  ])('that %i sweeps did not see any more says when it resolves', (cleanSweeps, run, words) => {
    const card = cardOf({ ...openIncident, cleanSweeps }, run === undefined ? {} : { run: run() });
    expect(readAloud(card.blocks)).toContain(words);
  });

  test('that nobody has taken fits one screen and asks for an owner', () => {
    const card = cardOf(openIncident, { muted: { backlog: 2, 'zombie-queue': 1 } });
    expect(card.text).toBe('P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Needs an owner.');
    expect(readAloud(card.blocks)).toMatchInlineSnapshot(`
      "# P1 FIRING - prod-a
      ctl3 is cut off from ctl1 + ctl2.
      *See each other* | ctl1 + ctl2 (majority 2 of 3)
      *Cut off* | ctl3
      *RPC probe* | ctl1 12 ms, ctl2 14 ms, ctl3 no answer
      *Link* | up again
      ~ Owner: nobody yet · INC-0412 · Network split · since <!date^1795316400^{date_short_pretty} {time_secs}|2026-11-22 03:00:00 UTC> · Muted symptoms: 2 backlog, 1 zombie-queue
      [I’m on it !primary] incident:ack INC-0412
      [Diagnose] incident:diagnose INC-0412
      [Review fix] incident:review INC-0412"
    `);
  });

  test('that somebody has taken says who, and loses that button', () => {
    const card = cardOf({
      ...openIncident,
      owner: ALICE,
      acknowledgedAtMs: openIncident.openedAtMs + 60_000,
    });
    expect(card.text).toBe('P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Alice Anderson is on it.');
    expect(readAloud(card.blocks)).toMatchInlineSnapshot(`
      "# P1 ACKNOWLEDGED - prod-a
      ctl3 is cut off from ctl1 + ctl2.
      *See each other* | ctl1 + ctl2 (majority 2 of 3)
      *Cut off* | ctl3
      *RPC probe* | ctl1 12 ms, ctl2 14 ms, ctl3 no answer
      *Link* | up again
      ~ Owner: Alice Anderson · INC-0412 · Network split · since <!date^1795316400^{date_short_pretty} {time_secs}|2026-11-22 03:00:00 UTC>
      [Diagnose] incident:diagnose INC-0412
      [Review fix] incident:review INC-0412"
    `);
  });

  test('with a plan on the table points at it', () => {
    const card = cardOf({ ...openIncident, owner: ALICE }, { run: proposedRun() });
    expect(readAloud(card.blocks)).toContain('A plan is ready. Nothing runs until it is approved.');
    expect(readAloud(card.blocks)).toContain('[Review fix !primary] incident:review INC-0412');
  });

  test('under repair says which step, and offers nothing else', () => {
    const plan = proposedRun();
    const run: Run = { ...plan, state: 'acting', items: [{ state: 'applied' }, { state: 'watching' }] };
    const card = cardOf({ ...openIncident, owner: ALICE }, { run });
    expect(card.text).toBe(
      'P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Repair is running: step 2 of 2, All nodes see each other.',
    );
    expect(readAloud(card.blocks)).not.toContain('[');
  });

  test('under repair while everything is halted says HALTED, by whom, and what it waits for', () => {
    const halt: Halt = { by: BOB, atMs: openIncident.openedAtMs, everywhere: true };
    const items: Run['items'] = [{ state: 'waiting' }, { state: 'waiting' }];
    const run: Run = { ...proposedRun(), state: 'acting', items };
    const card = cardOf({ ...openIncident, owner: ALICE }, { run, halt });
    expect(card.text).toBe(
      'P1 prod-a: ctl3 is cut off from ctl1 + ctl2. Halted. Waiting before step 1 of 2, Stop RabbitMQ on ctl3.',
    );
    const aloud = readAloud(card.blocks);
    expect(aloud).toContain('# P1 HALTED - prod-a\n');
    expect(aloud).toContain(
      '*Halted:* Bob Brown halted all repairs on all clusters at <!date^1795316400^{time_secs}|03:00:00 UTC>. An approver can resume with /rabbit resume.\nWaiting before step 1 of 2',
    );
    expect(aloud).not.toContain('Repair is running');
    const proposed = readAloud(cardOf(openIncident, { run: proposedRun(), halt }).blocks);
    expect(proposed).toContain('*Halted:* Bob Brown');
    expect(proposed).toContain('[Review fix]');
    expect(readAloud(cardOf(openIncident, { halt }).blocks)).not.toContain('alted');
  });

  test('with nothing to repair says so once', () => {
    const incident: Incident = { ...openIncident, runbook: 'cannot-see', facts: { node: 'rabbit@ctl3' } };
    const { plan: _plan, ...rest } = proposedRun();
    const run: Run = { ...rest, state: 'stopped', because: 'There is nothing to repair here.' };
    const aloud = readAloud(cardOf(incident, { run }).blocks);
    expect(aloud).toContain(
      'Diagnosis done: nothing to repair on the broker. The thread shows what was seen.',
    );
    expect(aloud).not.toContain('There is nothing to repair here');
    expect(readAloud(cardOf(openIncident, { run }).blocks)).toContain(
      'No repair is offered: There is nothing to repair here.',
    );
  });

  test('that is over says how long it lasted and who approved, without buttons', () => {
    const plan = proposedRun();
    const vote = { planHash: plan.plan?.hash ?? '', reason: 'go', atMs: 0 };
    const run: Run = {
      ...plan,
      state: 'done',
      votes: [
        { ...vote, by: ALICE },
        { ...vote, by: BOB },
      ],
    };
    const resolvedAtMs = openIncident.openedAtMs + 720_000;
    const card = cardOf({ ...openIncident, owner: ALICE, state: 'resolved', resolvedAtMs }, { run });
    expect(card.text).toBe(
      'Resolved prod-a: Network split (ctl3). Repaired by RUN-0193, approved by Alice Anderson and Bob Brown. The incident lasted 12 min.',
    );
    expect(readAloud(card.blocks)).toMatchInlineSnapshot(`
      "# RESOLVED - prod-a
      Repaired by RUN-0193, approved by Alice Anderson and Bob Brown. The incident lasted 12 min.
      ~ It was: ctl3 is cut off from ctl1 + ctl2.
      ~ Owner: Alice Anderson · INC-0412 · Network split · since <!date^1795316400^{date_short_pretty} {time_secs}|2026-11-22 03:00:00 UTC> · until <!date^1795317120^{time_secs}|03:12:00 UTC>"
    `);
  });

  test('that is over asks for no owner and explains nothing any more', () => {
    const resolvedAtMs = openIncident.openedAtMs + 60_000;
    const card = cardOf({ ...openIncident, state: 'resolved', resolvedAtMs }, { muted: { backlog: 2 } });
    expect(readAloud(card.blocks)).not.toMatch(/Owner|Muted symptoms/);
  });

  describe('after a run that was cancelled between a stop and a start', () => {
    const items: Run['items'] = [{ state: 'applied' }, { state: 'waiting' }];
    const because = `${ALICE} cancelled it after: Stop RabbitMQ on ctl3. These changes stay in place. ctl3 is stopped.`;
    const cancelled: Run = { ...proposedRun(), state: 'cancelled', because, items, endedAtMs: 1 };
    const { plan: _plan, ...rest } = proposedRun();
    const later: Run = { ...rest, id: 'RUN-0194', state: 'stopped', items: [] };
    const resolved: Incident = {
      ...openIncident,
      state: 'resolved',
      resolvedAtMs: openIncident.openedAtMs + 60_000,
    };
    const told = 'RUN-0193 was cancelled after: Stop RabbitMQ on ctl3. It left ctl3 stopped.';

    test('says that it is not repaired, and what was done, open and resolved', () => {
      expect(readAloud(cardOf(openIncident, { run: cancelled }).blocks)).toContain(
        'Not repaired: Alice Anderson cancelled it after: Stop RabbitMQ on ctl3.',
      );
      const over = `Not repaired by Watership: ${told} The incident lasted 1 min.`;
      expect(readAloud(cardOf(resolved, { run: cancelled }).blocks)).toContain(over);
      expect(readAloud(cardOf(resolved, { run: later, runs: [cancelled, later] }).blocks)).toContain(over);
    });

    test('and a later one that proved the repair says by which it was repaired', () => {
      const done: Run = { ...cancelled, id: 'RUN-0194', state: 'done' };
      const aloud = readAloud(cardOf(resolved, { run: later, runs: [cancelled, done, later] }).blocks);
      expect(aloud).toContain('Repaired by RUN-0194. The incident lasted 1 min.');
    });

    test('names that run on the card of the node that it left stopped', () => {
      const stopper = { ...cancelled, incident: 'INC-0400' };
      expect(readAloud(cardOf(openIncident, { stopper }).blocks)).toContain(
        `${told} That run belonged to INC-0400.`,
      );
    });
  });

  test('under repair that somebody wants to stop says so', () => {
    const items: Run['items'] = [{ state: 'intended' }, { state: 'waiting' }];
    const run: Run = { ...proposedRun(), state: 'acting', items, stopWanted: { by: BOB, atMs: 0 } };
    expect(readAloud(cardOf(openIncident, { run }).blocks)).toContain(
      'step 1 of 2, Stop RabbitMQ on ctl3. It stops after that: Bob Brown asked it to stop.',
    );
  });

  test('that is a symptom of another says of which, without buttons', () => {
    const card = cardOf({ ...openIncident, mutedBy: 'INC-0400', severity: 'warning' });
    expect(card.text).toBe('P2 prod-a: ctl3 is cut off from ctl1 + ctl2. Explained by INC-0400.');
    expect(readAloud(card.blocks)).not.toContain('[');
  });

  test('of a runbook without a fix offers none', () => {
    const card = cardOf({
      ...openIncident,
      runbook: 'cannot-see',
      severity: 'warning',
      facts: { node: 'rabbit@ctl3' },
    });
    expect(readAloud(card.blocks)).toContain('[Diagnose]');
    expect(readAloud(card.blocks)).not.toContain('Review fix');
  });

  test('shows a queue called <!channel> as it is called, and pages nobody', () => {
    const card = cardOf({
      ...openIncident,
      facts: { cutOff: '<!channel>', rest: '*all* :smile: \u202Egpj' },
    });
    expect(card.text).toContain('&lt;!channel&gt; is cut off from ∗all∗ ∶smile∶ \\u{202e}gpj');
    // Plain text is shown to the letter, so nothing in it has to be escaped.
    const [, headline] = card.blocks;
    expect(headline).toMatchObject({
      text: {
        type: 'plain_text',
        emoji: false,
        text: '<!channel> is cut off from *all* :smile: \\u{202e}gpj.',
      },
    });
    for (const block of card.blocks) {
      for (const { type, text } of textsIn(block)) {
        expect(type === 'mrkdwn' && /<!channel|\*all\*|:smile:/.test(text)).toBe(false);
      }
    }
  });

  test('is told again only when something on it changed', () => {
    const once = cardOf({ ...openIncident, version: 7, lastSeenAtMs: openIncident.lastSeenAtMs + 15_000 });
    expect(once).toEqual(cardOf(openIncident));
    expect(cardOf({ ...openIncident, owner: BOB }).blocks[0]?.block_id).not.toBe(once.blocks[0]?.block_id);
  });

  test('of facts that this version does not know names the trouble all the same', () => {
    const card = cardOf({ ...openIncident, facts: { other: 1 } });
    expect(card.text).toBe('P1 prod-a: Network split: ctl3. Needs an owner.');
  });
});

function textsIn(value: unknown): { type: string; text: string }[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const here =
    'type' in value && 'text' in value && typeof value.type === 'string' && typeof value.text === 'string'
      ? [{ type: value.type, text: value.text }]
      : [];
  return [...here, ...Object.values(value).flatMap(textsIn)];
}
