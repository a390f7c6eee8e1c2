import type { Plan } from '../../../runbooks/index.ts';
import { type Confirmation, whatToType } from '../../approvals/rules/confirmation.ts';
import type { InputBlock } from '../../ports/slack-blocks.ts';
import { plain } from '../message/blocks.ts';
import { approvalFields } from '../message/ids.ts';
import { limits } from '../message/limits.ts';

/** Fields that an approver is asked to fill in. */
export interface ReviewAsks {
  readonly plan: Plan;
  /** What the approver must type. */
  readonly confirmation: Confirmation;
  /** What this person types to stand alone for what is missing; absent where an ordinary vote does as much. */
  readonly glass?: string;
  /** Whether the approver must give a reason. */
  readonly reasonRequired: boolean;
}

/** The fields of the review modal, in their order. */
export function inputBlocks({ plan, confirmation, glass, reasonRequired }: ReviewAsks): InputBlock[] {
  const { reason } = approvalFields;
  return [
    ...confirmationBlock(confirmation),
    {
      type: 'input',
      block_id: reason.block,
      optional: !reasonRequired,
      label: plain('Reason (goes to the audit log)', limits.label),
      element: { type: 'plain_text_input', action_id: reason.action, max_length: 300 },
    } satisfies InputBlock,
    ...(glass === undefined ? [] : [glassBlock(glass, plan.tier)]),
  ];
}

function confirmationBlock(confirmation: Confirmation): InputBlock[] {
  const { typed, count } = approvalFields;
  const block = ({ block, action }: typeof typed | typeof count, shown: string): InputBlock => ({
    type: 'input',
    block_id: block,
    label: plain(whatToType(confirmation), limits.label),
    element: { type: 'plain_text_input', action_id: action, placeholder: plain(shown, limits.placeholder) },
  });
  switch (confirmation.kind) {
    case 'none':
      return [];
    case 'cluster':
      return [block(typed, confirmation.expected)];
    case 'count':
      return [block(count, String(confirmation.expected))];
  }
}

/** For the night when nobody else is awake. Left empty it is an ordinary vote. */
function glassBlock(phrase: string, tier: Plan['tier']): InputBlock {
  const { block, action } = approvalFields.glass;
  const what =
    tier === 'mass' ? 'Only if it cannot wait for business hours' : 'Only if you are on call and alone';
  return {
    type: 'input',
    block_id: block,
    optional: true,
    label: plain(`${what}: type “${phrase}”. This pages the owners.`, limits.label),
    element: { type: 'plain_text_input', action_id: action },
  };
}
