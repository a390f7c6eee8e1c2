import { definite } from '../../../rpc/index.ts';
import type { PlannedItem, Run } from '../../../runbooks/index.ts';
import type {
  InputBlock,
  KnownBlock,
  ModalView,
  MrkdwnElement,
  PlainTextElement,
  PlainTextOption,
} from '../../ports/slack-blocks.ts';
import { redact } from '../../process/redact.ts';
import type { Halt } from '../../stores/stores.ts';
import { clip, visible } from '../../wording/text.ts';
import {
  counted,
  listed,
  type Names,
  nameOf,
  sentence,
  shortHash,
  span,
  tierWords,
  whoMustApprove,
} from '../../wording/words.ts';
import { context, header, linesSection, moment, mrkdwn, plain, plainSection } from '../message/blocks.ts';
import { code, literal, ownWords } from '../message/escape.ts';
import { haltedSection } from '../message/halted.ts';
import { approvalCallback, approvalFields } from '../message/ids.ts';
import { limits } from '../message/limits.ts';
import { inputBlocks, type ReviewAsks } from './review-inputs.ts';
import { writeReference } from './review-reference.ts';

/** What the modal is made from. */
export interface ReviewInput extends ReviewAsks {
  readonly run: Run;
  /** What is wrong, in the runbook's own words. */
  readonly headline: string;
  readonly approvalsNeeded: number;
  readonly selfApproval: boolean;
  /** Reason why this person cannot approve this plan: the modal is then read-only. */
  readonly readOnlyBecause?: string;
  /** The shown plan has just taken the place of another one in this very window. */
  readonly isNew?: boolean;
  /** Whether a choice shows its plan as soon as it is made. In the local Slack the plan comes with the submitted window. */
  readonly showsChoiceAtOnce: boolean;
  /** How many nodes the cluster has. */
  readonly nodes: number;
  /** Somebody stopped all repairs of this cluster. */
  readonly halt?: Halt;
  /** Who may approve: ids of people. Empty when Slack did not say. */
  readonly approvers: readonly string[];
  readonly channel: string;
  readonly names: Names;
}

/** Items listed one by one; a longer plan says how many more there are, and the thread lists them all. */
const ITEMS_SHOWN = 30;

/** Review modal: exactly what will run, on what, what is lost and whether it can be undone; then Approve, or Not now. */
export function reviewModal(input: ReviewInput): ModalView {
  const { run, plan, readOnlyBecause } = input;
  const canApprove = readOnlyBecause === undefined;
  return {
    type: 'modal',
    callback_id: approvalCallback,
    private_metadata: writeReference({
      incident: run.incident,
      run: run.id,
      planHash: plan.hash,
      channel: input.channel,
      ...definite({ choice: plan.choice }),
    }),
    title: plain('Review fix', limits.viewTitle),
    ...(canApprove ? { submit: plain('Approve', limits.viewButton) } : {}),
    close: plain(canApprove ? 'Not now' : 'Close', limits.viewButton),
    blocks: [
      ...(input.halt === undefined ? [] : [haltedSection(input.halt, run.cluster, input.names)]),
      ...(input.isNew === true ? [plainSection(newPlanWords(input))] : []),
      ...(canApprove ? [] : [plainSection(`${sentence(readOnlyBecause)} ${approverWords(input)}`)]),
      plainSection(`${run.cluster}: ${sentence(input.headline)}`),
      linesSection(
        'Lost for good',
        plan.lost.length === 0 ? ['Nothing.'] : plan.lost.map((line) => `• ${line}`),
      ),
      undoSection(plan.undo),
      header('Exactly this will run'),
      ...plan.items.slice(0, ITEMS_SHOWN).flatMap(itemBlocks),
      ...(plan.items.length > ITEMS_SHOWN
        ? [
            plainSection(
              `… and ${counted(plan.items.length - ITEMS_SHOWN, 'more step')}, listed in the thread.`,
            ),
          ]
        : []),
      ...choiceBlocks(run, canApprove, input.showsChoiceAtOnce),
      ...(plan.over === undefined
        ? []
        : [linesSection('Over the limits of one run', plan.over.map(sentence))]),
      linesSection('Who must approve', approvalLines(input)),
      ...(canApprove ? inputBlocks(input) : []),
      context([
        mrkdwn(
          `Plan ${shortHash(plan.hash)} · ${run.id} · ${tierWords[plan.tier]} · made ${moment(plan.madeAtMs)} · expires ${moment(plan.expiresAtMs)}`,
        ),
      ]),
    ],
  };
}

/** The runbook's own words, in which a command is code. */
const undoSection = (undo: string): KnownBlock => ({
  type: 'section',
  text: mrkdwn(`*Undo*\n${ownWords(sentence(undo))}`),
});

function newPlanWords({ run, plan, nodes }: ReviewInput): string {
  const way = run.choices.find(({ id }) => id === plan.choice)?.label;
  const stopped = new Set(
    plan.items.flatMap((item) =>
      item.kind === 'act' && item.call.action === 'node.stop' && !item.onlyIfNeeded
        ? [JSON.stringify(item.call.args['node'])]
        : [],
    ),
  ).size;
  return [
    `This is a new plan${way === undefined ? '' : `: ${way}`}. Nothing is approved yet.`,
    ...(stopped === 0 ? [] : [`It stops ${stopped} of ${counted(nodes, 'node')}.`]),
  ].join(' ');
}

/**
 * What is done, to the letter: plain text, or what is done and then each command as code on a line of its own. In code
 * nothing is formatted, and it can be copied.
 */
function wording(describe: string): MrkdwnElement | PlainTextElement {
  const [what = '', ...commands] = describe.split('\n');
  if (commands.length === 0) {
    return plain(describe, limits.contextText);
  }
  return mrkdwn(
    [literal(what, 300), ...commands.map((command) => `\`${code(clip(redact(command), 250))}\``)].join('\n'),
  );
}

function itemBlocks(item: PlannedItem, index: number): KnownBlock[] {
  const number = `${index + 1}. `;
  switch (item.kind) {
    case 'act':
      return [
        plainSection(
          `${number}${item.title}${item.onlyIfNeeded ? ' (only if the previous steps were not enough)' : ''}`,
        ),
        context([wording(item.describe)]),
      ];
    case 'verify':
      return [plainSection(`${number}Check, within ${span(item.withinMs)}: ${item.title}`)];
    case 'manual':
      return [
        plainSection(`${number}By hand: ${item.title}`),
        context([wording(item.instructions.join(' - '))]),
      ];
  }
}

function choiceBlocks(run: Run, canApprove: boolean, showsAtOnce: boolean): KnownBlock[] {
  if (run.choices.length < 2) {
    return [];
  }
  const chosen = run.choice ?? run.choices[0]?.id;
  const reasons = run.choices.map(
    ({ id, label, because }) =>
      `${id === chosen ? '→' : '•'} ${label}: ${because}${id === chosen ? ' (this plan)' : ''}`,
  );
  const shown = run.choices.slice(0, limits.radioOptions);
  const options = shown.map(
    ({ id, label }): PlainTextOption => ({
      text: plain(
        id === chosen ? `${clip(visible(redact(label)), 62)} (this plan)` : label,
        limits.optionText,
      ),
      value: id,
    }),
  );
  const initial = options.find((option) => option.value === chosen);
  const choice: InputBlock = {
    type: 'input',
    block_id: approvalFields.choice.block,
    optional: true,
    dispatch_action: true,
    label: plain(
      showsAtOnce
        ? 'Choose another option to see its plan here; nothing runs'
        : 'To see another option, choose it and press Approve: its plan is shown here; nothing is approved, nothing runs',
      limits.label,
    ),
    element: {
      type: 'radio_buttons',
      action_id: approvalFields.choice.action,
      options,
      ...definite({ initial_option: initial }),
    },
  };
  return [linesSection('Options', reasons), ...(canApprove ? [choice] : [])];
}

/** Whom to ask, by name; empty when Slack did not say. */
function approverWords({ approvers, names }: ReviewInput): string {
  const people = approvers.flatMap((id) => names.get(id) ?? []).toSorted();
  return people.length === 0 ? '' : `Approvers: ${listed(people)}.`;
}

function approvalLines(input: ReviewInput): string[] {
  const { run, plan, approvalsNeeded, selfApproval, readOnlyBecause, names } = input;
  const approvers = readOnlyBecause === undefined ? approverWords(input) : '';
  const votes = run.votes.filter((vote) => vote.planHash === plan.hash);
  const soFar = votes.length === 0 ? '' : `: ${votes.map((vote) => nameOf(names, vote.by)).join(', ')}`;
  return [
    whoMustApprove(plan.tier, approvalsNeeded, selfApproval),
    // Where nothing can be approved they stand on top.
    ...(approvers === '' ? [] : [approvers]),
    `So far ${votes.length} of ${approvalsNeeded}${soFar}. Requested by ${nameOf(names, run.requestedBy)}.`,
  ];
}

/** Modal with text alone: while a plan is being made, or after the answer. */
export function noteModal(title: string, lines: readonly string[]): ModalView {
  return {
    type: 'modal',
    callback_id: 'approval:note',
    title: plain(title, limits.viewTitle),
    close: plain('Close', limits.viewButton),
    blocks: lines.map((line) => ({ type: 'section', text: plain(line, limits.sectionText) })),
  };
}
