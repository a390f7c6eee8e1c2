import type { KnownBlock } from '../../../src/bot/ports/slack-blocks.ts';
import { limits } from '../../../src/bot/slack/message/limits.ts';

/** Every way in which a message breaks Slack's limits; empty means it may be sent. */
export function problemsOfMessage(message: {
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
}): readonly string[] {
  return [
    ...(message.text.trim() === '' ? ['text: it is empty, so the notification says nothing'] : []),
    ...tooLong('text', message.text, limits.messageText),
    ...problemsOfBlocks(message.blocks ?? [], limits.messageBlocks),
  ];
}

/** Every way in which a modal or a Home tab breaks Slack's limits. */
export function problemsOfView(view: {
  readonly type: string;
  readonly blocks: readonly KnownBlock[];
  readonly title?: { readonly text: string };
  readonly submit?: { readonly text: string };
  readonly close?: { readonly text: string };
  readonly private_metadata?: string;
  readonly callback_id?: string;
}): readonly string[] {
  const hasInput = view.blocks.some((block) => block.type === 'input');
  return [
    ...(view.type === 'modal' && hasInput && view.submit === undefined
      ? ['submit: a modal with inputs needs it']
      : []),
    ...textProblems('title', view.title?.text, limits.viewTitle),
    ...textProblems('submit', view.submit?.text, limits.viewButton),
    ...textProblems('close', view.close?.text, limits.viewButton),
    ...tooLong('private_metadata', view.private_metadata, limits.privateMetadata),
    ...tooLong('callback_id', view.callback_id, limits.callbackId),
    ...problemsOfBlocks(view.blocks, limits.viewBlocks),
  ];
}

function problemsOfBlocks(blocks: readonly KnownBlock[], max: number): string[] {
  const ids = blocks.flatMap((block) => (block.block_id === undefined ? [] : [block.block_id]));
  return [
    ...tooMany('blocks', blocks, max),
    ...(new Set(ids).size < ids.length ? ['blocks: two have the same block_id'] : []),
    ...blocks.flatMap((block, index) => [
      ...tooLong(`blocks[${index}].block_id`, block.block_id, limits.blockId),
      ...problemsOfBlock(`blocks[${index}]`, block),
    ]),
  ];
}

function problemsOfBlock(at: string, block: KnownBlock): string[] {
  switch (block.type) {
    case 'header':
      return textProblems(`${at}.text`, block.text.text, limits.header);
    case 'section':
      return [
        ...(block.text === undefined && block.fields === undefined ? [`${at}: neither text nor fields`] : []),
        ...textProblems(`${at}.text`, block.text?.text, limits.sectionText),
        ...tooMany(`${at}.fields`, block.fields ?? [], limits.fields),
        ...(block.fields ?? []).flatMap((field, index) =>
          textProblems(`${at}.fields[${index}]`, field.text, limits.fieldText),
        ),
      ];
    case 'context':
      return [
        ...(block.elements.length === 0 ? [`${at}.elements: empty`] : []),
        ...tooMany(`${at}.elements`, block.elements, limits.contextElements),
        ...block.elements.flatMap((element, index) =>
          'text' in element ? textProblems(`${at}.elements[${index}]`, element.text, limits.contextText) : [],
        ),
      ];
    case 'actions':
      return [
        ...(block.elements.length === 0 ? [`${at}.elements: empty`] : []),
        ...tooMany(`${at}.elements`, block.elements, limits.actions),
        ...sameActionIds(at, block.elements),
        ...block.elements.flatMap((element, index) => problemsOfElement(`${at}.elements[${index}]`, element)),
      ];
    case 'input':
      return [
        ...textProblems(`${at}.label`, block.label.text, limits.label),
        ...textProblems(`${at}.hint`, block.hint?.text, limits.hint),
        ...problemsOfElement(`${at}.element`, block.element),
      ];
    case 'divider':
      return [];
    default:
      return [`${at}: a ${block.type} block is not one that every Slack shows`];
  }
}

interface AnyElement {
  readonly type: string;
  readonly action_id?: string;
  readonly value?: string;
  readonly text?: { readonly text: string };
  readonly accessibility_label?: string;
  readonly confirm?: {
    readonly title?: { readonly text: string };
    readonly text?: { readonly text: string };
    readonly confirm?: { readonly text: string };
    readonly deny?: { readonly text: string };
  };
  readonly placeholder?: { readonly text: string };
  readonly options?: readonly {
    readonly text: { readonly text: string };
    readonly value?: string;
    readonly description?: { readonly text: string };
  }[];
}

function problemsOfElement(at: string, element: object & { readonly type: string }): string[] {
  const seen: AnyElement = element;
  const maxOptions =
    seen.type === 'radio_buttons' || seen.type === 'checkboxes' ? limits.radioOptions : limits.options;
  return [
    ...tooLong(`${at}.action_id`, seen.action_id, limits.actionId),
    ...textProblems(`${at}.text`, seen.text?.text, limits.buttonText),
    ...tooLong(`${at}.value`, seen.value, limits.buttonValue),
    ...textProblems(`${at}.confirm.title`, seen.confirm?.title?.text, limits.confirmTitle),
    ...textProblems(`${at}.confirm.text`, seen.confirm?.text?.text, limits.confirmText),
    ...textProblems(`${at}.confirm.confirm`, seen.confirm?.confirm?.text, limits.confirmButton),
    ...textProblems(`${at}.confirm.deny`, seen.confirm?.deny?.text, limits.confirmButton),
    ...tooLong(`${at}.accessibility_label`, seen.accessibility_label, limits.accessibilityLabel),
    ...textProblems(`${at}.placeholder`, seen.placeholder?.text, limits.placeholder),
    ...(seen.options !== undefined && seen.options.length === 0 ? [`${at}.options: empty`] : []),
    ...tooMany(`${at}.options`, seen.options ?? [], maxOptions),
    ...(seen.options ?? []).flatMap((option, index) => [
      ...textProblems(`${at}.options[${index}].text`, option.text.text, limits.optionText),
      ...tooLong(`${at}.options[${index}].value`, option.value, limits.optionValue),
      ...textProblems(
        `${at}.options[${index}].description`,
        option.description?.text,
        limits.optionDescription,
      ),
    ]),
  ];
}

function sameActionIds(at: string, elements: readonly { readonly action_id?: string }[]): string[] {
  const ids = elements.map((element) => element.action_id);
  return new Set(ids).size < ids.length ? [`${at}: two elements have the same action_id`] : [];
}

/** An absent text is fine; an empty one is refused by Slack. */
function textProblems(at: string, text: string | undefined, max: number): string[] {
  return text === '' ? [`${at}: empty`] : tooLong(at, text, max);
}

function tooLong(at: string, text: string | undefined, max: number): string[] {
  return text !== undefined && text.length > max ? [`${at}: ${text.length} characters, at most ${max}`] : [];
}

function tooMany(at: string, list: readonly unknown[], max: number): string[] {
  return list.length > max ? [`${at}: ${list.length}, at most ${max}`] : [];
}
