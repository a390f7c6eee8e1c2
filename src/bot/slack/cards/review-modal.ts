import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { z } from 'zod';
import type { Plan, PlannedItem, Run } from '../../../runbooks/index.ts';
import { context, header, linesSection, moment, mrkdwn, plain, plainLines, plainSection } from '../blocks.ts';
import { clip, visible } from '../escape.ts';
import { approvalCallback, approvalFields } from '../ids.ts';
import { limits } from '../limits.ts';
import { counted, type Names, nameOf, sentence, shortHash, span, whoMustApprove } from '../words.ts';

export interface ReviewInput {
  readonly run: Run;
  readonly plan: Plan;
  /** What is wrong, in the runbook's own words. */
  readonly headline: string;
  readonly approvalsNeeded: number;
  readonly selfApproval: boolean;
  /** Must the approver type the cluster's name? */
  readonly typed: boolean;
  /** Must the approver give a reason? */
  readonly reasonRequired: boolean;
  /** Why this person cannot approve this plan: the modal is then for reading only. */
  readonly readOnlyBecause?: string;
  readonly channel: string;
  readonly names: Names;
}

/** What a modal carries with it: ids only. */
export interface ReviewReference {
  readonly incident: string;
  readonly run: string;
  readonly planHash: string;
  readonly channel: string;
  /** The way that the shown plan takes. */
  readonly choice?: string;
}

/** Items listed one by one; a longer plan says how many more there are, and the thread lists them all. */
const ITEMS_SHOWN = 30;

/** Exactly what will run, on what, what is lost and whether it can be undone; then yes, or not now. */
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
      ...(plan.choice === undefined ? {} : { choice: plan.choice }),
    }),
    title: plain('Review fix', limits.viewTitle),
    ...(canApprove ? { submit: plain('Approve', limits.viewButton) } : {}),
    close: plain(canApprove ? 'Not now' : 'Close', limits.viewButton),
    blocks: [
      plainSection(`${run.cluster}: ${sentence(input.headline)}`),
      header('Exactly this will run'),
      ...plan.items.slice(0, ITEMS_SHOWN).flatMap(itemBlocks),
      ...(plan.items.length > ITEMS_SHOWN
        ? [
            plainSection(
              `… and ${counted(plan.items.length - ITEMS_SHOWN, 'more step')}, listed in the thread.`,
            ),
          ]
        : []),
      ...choiceBlocks(run, canApprove),
      linesSection(
        'Lost for good',
        plan.lost.length === 0 ? ['Nothing.'] : plan.lost.map((line) => `• ${line}`),
      ),
      linesSection('Undo', [sentence(plan.undo)]),
      linesSection('Who must approve', approvalLines(input)),
      ...(canApprove ? inputBlocks(input) : [plainSection(sentence(readOnlyBecause))]),
      context([
        mrkdwn(
          `Plan ${shortHash(plan.hash)} · ${run.id} · ${plan.tier} · made ${moment(plan.madeAtMs)} · expires ${moment(plan.expiresAtMs)}`,
        ),
      ]),
    ],
  };
}

/** Plain text throughout: what people approve is shown to the letter. */
function itemBlocks(item: PlannedItem, index: number): KnownBlock[] {
  const number = `${index + 1}. `;
  switch (item.kind) {
    case 'act':
      return [
        plainSection(
          `${number}${item.title}${item.onlyIfNeeded ? ' (only if the steps before were not enough)' : ''}`,
        ),
        context([plainLines(item.describe.split('\n'), limits.contextText)]),
      ];
    case 'verify':
      return [plainSection(`${number}${item.title}, within ${span(item.withinMs)}`)];
    case 'manual':
      return [
        plainSection(`${number}By hand: ${item.title}`),
        context([plainLines(item.instructions, limits.contextText)]),
      ];
  }
}

function choiceBlocks(run: Run, canApprove: boolean): KnownBlock[] {
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
      text: plain(id === chosen ? `${clip(visible(label), 62)} (this plan)` : label, limits.optionText),
      value: id,
    }),
  );
  const initial = options.find((option) => option.value === chosen);
  const choice: InputBlock = {
    type: 'input',
    block_id: approvalFields.choice.block,
    optional: true,
    dispatch_action: true,
    label: plain('Another way? Choosing one makes a new plan', limits.label),
    element: {
      type: 'radio_buttons',
      action_id: approvalFields.choice.action,
      options,
      ...(initial === undefined ? {} : { initial_option: initial }),
    },
  };
  return [linesSection('The ways to go', reasons), ...(canApprove ? [choice] : [])];
}

function approvalLines({ run, plan, approvalsNeeded, selfApproval, names }: ReviewInput): string[] {
  const votes = run.votes.filter((vote) => vote.planHash === plan.hash);
  const soFar = votes.length === 0 ? '' : `: ${votes.map((vote) => nameOf(names, vote.by)).join(', ')}`;
  return [
    whoMustApprove(plan.tier, approvalsNeeded, selfApproval),
    `So far ${votes.length} of ${approvalsNeeded}${soFar}. Asked for by ${nameOf(names, run.requestedBy)}.`,
  ];
}

function inputBlocks({ run, typed, reasonRequired }: ReviewInput): InputBlock[] {
  const { typed: typedField, reason } = approvalFields;
  return [
    ...(typed
      ? [
          {
            type: 'input',
            block_id: typedField.block,
            label: plain(`Type the cluster’s name to confirm: ${run.cluster}`, limits.label),
            element: {
              type: 'plain_text_input',
              action_id: typedField.action,
              placeholder: plain(run.cluster, limits.placeholder),
            },
          } satisfies InputBlock,
        ]
      : []),
    {
      type: 'input',
      block_id: reason.block,
      optional: !reasonRequired,
      label: plain('Reason (goes to the audit log)', limits.label),
      element: { type: 'plain_text_input', action_id: reason.action, max_length: 300 },
    } satisfies InputBlock,
  ];
}

/** A modal that only says something: while a plan is being made, or after the answer. */
export function noteModal(title: string, lines: readonly string[]): ModalView {
  return {
    type: 'modal',
    callback_id: 'approval:note',
    title: plain(title, limits.viewTitle),
    close: plain('Close', limits.viewButton),
    blocks: lines.map((line) => ({ type: 'section', text: plain(line, limits.sectionText) })),
  };
}

const referenceSchema: z.ZodType<ReviewReference> = z.object({
  incident: z.string(),
  run: z.string(),
  planHash: z.string(),
  channel: z.string(),
  choice: z.string().exactOptional(),
});

export function writeReference(reference: ReviewReference): string {
  return JSON.stringify(reference);
}

export function readReference(metadata: string): ReviewReference | undefined {
  try {
    const parsed = referenceSchema.safeParse(JSON.parse(metadata));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
