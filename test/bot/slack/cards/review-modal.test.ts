import { describe, expect, test } from 'vitest';
import { type ReviewInput, reviewModal } from '../../../../src/bot/slack/cards/review-modal.ts';
import { readReference } from '../../../../src/bot/slack/cards/review-reference.ts';
import type { Plan, Run } from '../../../../src/runbooks/index.ts';
import { ALICE, BOB, CHANNEL, proposedRun } from '../../fakes/world.ts';
import { problemsOfView } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

const run = proposedRun();
const plan = planOf(run);

function planOf({ plan: found }: Run): Plan {
  if (found === undefined) {
    throw new Error('no plan');
  }
  return found;
}

function modalOf(change: Partial<ReviewInput> = {}) {
  const view = reviewModal({
    run,
    plan,
    headline: 'network split, ctl3 cut off from ctl1+ctl2',
    approvalsNeeded: 2,
    selfApproval: false,
    confirmation: { kind: 'cluster', expected: 'prod-a' },
    reasonRequired: true,
    channel: CHANNEL,
    nodes: 3,
    showsChoiceAtOnce: true,
    approvers: [BOB, ALICE],
    names: new Map([
      [ALICE, 'Alice Anderson'],
      [BOB, 'Bob Brown'],
    ]),
    ...change,
  });
  // Views allow blocks that nobody knows; ours are all known.
  expect(problemsOfView(view as Parameters<typeof problemsOfView>[0])).toEqual([]);
  return view;
}

describe('the modal that asks for an approval', () => {
  test('shows one command a line, and a line break in a name as what it is', () => {
    const [item] = plan.items;
    if (item?.kind !== 'act') {
      throw new Error('the plan begins with an action');
    }
    const describe = 'Stop RabbitMQ on ctl3. On host ctl3:\nssh ctl3 systemctl stop "a\\u202eb"';
    const aloud = readAloud(modalOf({ plan: { ...plan, items: [{ ...item, describe }] } }).blocks);
    expect(aloud).toContain('On host ctl3:\n`ssh ctl3 systemctl stop "a');
  });

  test('says exactly what will run, what is lost, and who must say yes', () => {
    const aloud = readAloud(modalOf().blocks).replace(/Plan \S+/, 'Plan <hash>');
    expect(aloud).toMatchInlineSnapshot(`
      "prod-a: network split, ctl3 cut off from ctl1+ctl2.
      *Lost for good*
      • 2 queues and 3 bindings that only ctl3 has
      *Undo*
      Not possible for what is lost.
      # Exactly this will run
      1. Stop RabbitMQ on ctl3
      ~ node.stop: ssh ctl3 systemctl stop rabbitmq-server
      2. Check, within 3 min: All nodes see each other
      *Options*
      → Keep ctl1 and ctl2: the services connect to ctl1 (this plan)
      • Keep ctl3: it holds 2 queues of its own
      ? Choose another option to see its plan here; nothing runs (optional)
        ( ) Keep ctl1 and ctl2 (this plan)
        ( ) Keep ctl3
      *Who must approve*
      2 different approvers; the person who asked may be one of them.
      Approvers: Alice Anderson and Bob Brown.
      So far 0 of 2. Requested by Alice Anderson.
      ? Type the cluster’s name to confirm: prod-a
      ? Reason (goes to the audit log)
      ~ Plan <hash> · RUN-0193 · stops or starts a node · made <!date^1795316520^{time_secs}|03:02:00 UTC> · expires <!date^1795316820^{time_secs}|03:07:00 UTC>"
    `);
  });

  test('says how to see another plan where a choice is not told at once', () => {
    expect(readAloud(modalOf({ showsChoiceAtOnce: false }).blocks)).toContain('choose it and press Approve');
  });

  test('of another way says first that it is new, that nothing is approved, and what it stops', () => {
    expect(readAloud(modalOf({ isNew: true }).blocks)).toMatch(
      /^This is a new plan: Keep ctl1 and ctl2\. Nothing is approved yet\. It stops 1 of 3 nodes\.\n/,
    );
    expect(readAloud(modalOf().blocks)).not.toContain('new plan');
  });

  test('says on top that repairs are halted, by whom and since when', () => {
    const halt = { by: BOB, atMs: Date.UTC(2026, 10, 22, 3, 4, 5), everywhere: false };
    expect(readAloud(modalOf({ halt }).blocks)).toMatch(
      /^\*Halted:\* Bob Brown halted all repairs on prod-a at <!date\^\d+\^{time_secs}\|03:04:05 UTC>\. An approver can resume with \/rabbit resume prod-a\.\n/,
    );
  });

  test('wants nothing typed and no reason where the step can be taken back', () => {
    const aloud = readAloud(modalOf({ confirmation: { kind: 'none' }, reasonRequired: false }).blocks);
    expect(aloud).not.toContain('Type the cluster');
    expect(aloud).toContain('? Reason (goes to the audit log) (optional)');
  });

  test('for somebody who cannot approve this plan has no submit button and says why', () => {
    const view = modalOf({ readOnlyBecause: 'You asked for this plan, so somebody else must approve it.' });
    expect(view.submit).toBeUndefined();
    expect(readAloud(view.blocks)).toContain('You asked for this plan, so somebody else must approve it.');
    expect(readAloud(view.blocks)).not.toContain('?');
  });

  test('shows a command to the letter, markup and all', () => {
    const items = [
      {
        kind: 'act' as const,
        step: 'delete',
        title: 'Delete *<!channel>*',
        call: { action: 'queue.delete', args: {} },
        describe: 'DELETE /api/queues/%2F/*<!channel>*?if-unused=true',
        onlyIfNeeded: false,
      },
    ];
    const blocks = modalOf({ plan: { ...plan, items } }).blocks;
    expect(blocks).toContainEqual({
      type: 'context',
      elements: [
        { type: 'plain_text', emoji: false, text: 'DELETE /api/queues/%2F/*<!channel>*?if-unused=true' },
      ],
    });
  });

  test('carries ids only', () => {
    expect(readReference(modalOf().private_metadata ?? '')).toEqual({
      incident: 'INC-0412',
      run: 'RUN-0193',
      planHash: plan.hash,
      channel: CHANNEL,
      choice: 'ctl1',
    });
    expect(readReference('{"run":1}')).toBeUndefined();
    expect(readReference('not json')).toBeUndefined();
  });

  test('of a plan with very many steps fits, and says how many are not listed', () => {
    const [first] = plan.items;
    const items = Array.from({ length: 80 }, () => first).filter((item) => item !== undefined);
    expect(readAloud(modalOf({ plan: { ...plan, items } }).blocks)).toContain(
      '… and 50 more steps, listed in the thread.',
    );
  });
});
