import { describe, expect, test } from 'vitest';
import { type ProgressInput, progressMessage } from '../../../../src/bot/slack/cards/progress-message.ts';
import type { Item, Run, RunState } from '../../../../src/runbooks/index.ts';
import { ALICE, BOB, proposedRun } from '../../fakes/world.ts';
import { problemsOfMessage } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

const proposed = proposedRun();
const names = new Map([
  [ALICE, 'Alice Anderson'],
  [BOB, 'Bob Brown'],
]);

function messageOf(run: Run, change: Partial<ProgressInput> = {}) {
  const message = progressMessage({
    run,
    headline: 'ctl3 is cut off from ctl1 + ctl2',
    hasFix: true,
    approvalsNeeded: 2,
    names,
    nowMs: proposed.startedAtMs + 42_000,
    ...change,
  });
  expect(problemsOfMessage(message)).toEqual([]);
  return message;
}

describe('the message that shows a run', () => {
  test('with a plan on the table shows evidence, plan and approvals', () => {
    const vote = { by: ALICE, planHash: proposed.plan?.hash ?? '', reason: 'ctl3 is *alone*', atMs: 0 };
    const message = messageOf({ ...proposed, votes: [vote] });
    expect(message.text).toBe('prod-a: ctl3 is cut off from ctl1 + ctl2 - a plan waits for approval.');
    expect(readAloud(message.blocks).replaceAll(proposed.plan?.hash ?? '-', '<hash>')).toMatchInlineSnapshot(`
      "# prod-a: ctl3 is cut off from ctl1 + ctl2 - a plan waits for approval
      *What each node sees*
      • ctl1: ctl1 + ctl2
      • ctl3: ctl3
      *Chosen option*
      Keep ctl1 and ctl2: the services connect to ctl1
      *The plan*
      [waiting] 1 Stop RabbitMQ on ctl3
      [waiting] 2 All nodes see each other
      *Approvals: 1 of 2*
      Alice Anderson: “ctl3 is ∗alone∗”
      ~ RUN-0193 · requested by Alice Anderson · started <!date^1795316520^{time_secs}|03:02:00 UTC> · plan 0ed1..c7 (stops or starts a node) · expires <!date^1795316820^{time_secs}|03:07:00 UTC>
      [Review fix !primary] incident:review INC-0412
      [Withdraw the plan] run:cancel RUN-0193 <hash>"
    `);
  });

  test('under way shows what is done and what is running', () => {
    const startedAtMs = proposed.startedAtMs;
    const items: Item[] = [
      { state: 'applied', startedAtMs, endedAtMs: startedAtMs + 12_000, detail: 'stopped' },
      {
        state: 'watching',
        startedAtMs: startedAtMs + 12_000,
        detail: 'ctl3 is not there yet (30 s of 180 s)',
      },
    ];
    const aloud = readAloud(messageOf({ ...proposed, state: 'acting', items }).blocks);
    expect(aloud).toContain('# prod-a: ctl3 is cut off from ctl1 + ctl2 - step 2 of 2');
    expect(aloud).toContain(
      [
        '*The plan*',
        '[done] 1 Stop RabbitMQ on ctl3 - 12 s - stopped',
        '[running] 2 All nodes see each other - ctl3 is not there yet (30 s of 180 s)',
      ].join('\n'),
    );
    expect(aloud).toContain('[Stop here] run:cancel RUN-0193');
  });

  test('whose step is running stops after it, and asks first where a node would stay stopped', () => {
    const items: Item[] = [{ state: 'intended', startedAtMs: proposed.startedAtMs }, { state: 'waiting' }];
    const run: Run = { ...proposed, state: 'acting', items };
    const { blocks } = messageOf(run);
    expect(readAloud(blocks)).toContain('[Stop after this step] run:cancel RUN-0193');
    expect(blocks.at(-1)).toMatchObject({
      elements: [
        {
          confirm: {
            title: { text: 'Leave it stopped?' },
            text: { text: expect.stringMatching(/^ctl3 will stay stopped until somebody starts it/) },
            confirm: { text: 'Stop after this step' },
            deny: { text: 'Let it continue' },
          },
        },
      ],
    });
    expect(readAloud(blocks)).toContain(
      '~ If it is stopped now: ctl3 will stay stopped until somebody starts it.',
    );
    const wanted = readAloud(messageOf({ ...run, stopWanted: { by: BOB, atMs: 0 } }).blocks);
    expect(wanted).toContain('- stops after step 1 of 2');
    expect(wanted).toContain(
      'Bob Brown asked it to stop after step 1. No further step starts. ctl3 will stay stopped',
    );
    expect(wanted).not.toContain('run:cancel');
  });

  test('that waits because of a halt says so, and by whom and since when', () => {
    const run: Run = { ...proposed, state: 'acting', items: [{ state: 'waiting' }, { state: 'waiting' }] };
    const halt = { by: BOB, atMs: Date.UTC(2026, 10, 22, 3, 4, 5), everywhere: true };
    expect(readAloud(messageOf(run, { halt }).blocks).split('\n').slice(0, 2)).toEqual([
      '# prod-a: ctl3 is cut off from ctl1 + ctl2 - halted, waits before step 1 of 2',
      '*Halted:* Bob Brown halted all repairs on all clusters at <!date^1795316645^{time_secs}|03:04:05 UTC>. An approver can resume with /rabbit resume.',
    ]);
    const held = readAloud(messageOf(run, { halt }).blocks);
    expect(held).toContain('[paused by halt] 1 Stop RabbitMQ on ctl3 - halted by Bob Brown\n[waiting] 2');
    expect(held).toContain('[Stop here] run:cancel');
    const watching: Run = { ...run, items: [{ state: 'applied' }, { state: 'watching' }] };
    expect(messageOf(watching, { halt }).text).toContain('- step 2 of 2');
  });

  test('of a diagnosis that found nothing to repair says so, and not that something was stopped', () => {
    const because = 'Nothing to repair on the broker while there is no link';
    const { plan: _plan, ...diagnosing } = proposed;
    const run: Run = { ...diagnosing, state: 'stopped', because, items: [], choices: [], evidence: [] };
    expect(readAloud(messageOf(run, { hasFix: false }).blocks)).toMatch(
      /^# prod-a: ctl3 is cut off from ctl1 \+ ctl2 - diagnosis done, nothing to repair on the broker\nNothing to repair on the broker while there is no link\.\n~ RUN-0193/,
    );
    expect(messageOf(run).text).toContain(' - diagnosis done, no repair is offered.');
    expect(messageOf({ ...proposed, state: 'stopped', because }).text).toContain(
      ' - stopped, nothing was changed.',
    );
  });

  test('keeps its state in sight when the headline is long', () => {
    const { blocks } = messageOf(proposed, { headline: 'a very long headline '.repeat(20) });
    expect(readAloud(blocks.slice(0, 1))).toMatch(/^# prod-a: a very long .*… - a plan waits for approval$/);
  });

  test('that cannot tell whether a step happened asks a person, in three buttons', () => {
    const items: Item[] = [{ state: 'unknown', detail: 'no answer in 60 s' }, { state: 'waiting' }];
    const aloud = readAloud(
      messageOf({ ...proposed, state: 'unknown', because: 'Nobody can tell', items }).blocks,
    );
    expect(aloud).toContain('Nobody can tell.');
    expect(aloud).toMatch(
      /\[It ran: continue\] run:rule:it-happened RUN-0193 \S+ 0\n\[It did not run: do it again\] run:rule:do-it-again RUN-0193 \S+ 0\n\[Give up\] run:rule:give-up RUN-0193 \S+ 0/,
    );
  });

  test.each<RunState>(['done', 'failed', 'stopped', 'expired', 'cancelled', 'superseded'])(
    'that is %s has no buttons, and says why',
    (state) => {
      const because = `${ALICE} cancelled it`;
      const message = messageOf({ ...proposed, state, because, endedAtMs: proposed.startedAtMs + 42_000 });
      expect(readAloud(message.blocks)).not.toMatch(/run:|incident:/);
      // People are called by their names, wherever their ids stand.
      expect(message.text).toContain('Alice Anderson cancelled it.');
    },
  );

  test('with more evidence than Slack takes still fits', () => {
    const evidence = Array.from({ length: 60 }, (_, index) => ({
      title: `Evidence ${index}`,
      lines: Array.from({ length: 200 }, (_each, line) => `line ${line} `.repeat(10)),
    }));
    expect(messageOf({ ...proposed, evidence }).blocks.length).toBeLessThanOrEqual(50);
  });
});
