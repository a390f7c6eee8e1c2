import type { KnownBlock } from '../../../src/bot/ports/slack-blocks.ts';

/** A message or a view as a person reads it, from top to bottom: what golden tests compare. */
export function readAloud(blocks: readonly unknown[]): string {
  // Views allow blocks that nobody knows; ours are all known.
  return (blocks as readonly KnownBlock[]).map(readBlock).join('\n');
}

function readBlock(block: KnownBlock): string {
  switch (block.type) {
    case 'header':
      return `# ${block.text.text}`;
    case 'section': {
      const fields = (block.fields ?? []).map(({ text }) => text);
      const rows = fields
        .filter((_, index) => index % 2 === 0)
        .map((label, row) => `${label} | ${fields[row * 2 + 1]}`);
      return [...(block.text === undefined ? [] : [block.text.text]), ...rows].join('\n');
    }
    case 'context':
      return block.elements.map((element) => ('text' in element ? `~ ${element.text}` : '~')).join('\n');
    case 'actions':
      return block.elements
        .map((element) =>
          element.type === 'button'
            ? `[${element.text.text}${element.style === undefined ? '' : ` !${element.style}`}] ${element.action_id} ${element.value}`
            : `(${element.type})`,
        )
        .join('\n');
    case 'input': {
      const { element } = block;
      const options =
        'options' in element ? (element.options ?? []).map(({ text }) => `  ( ) ${text.text}`) : [];
      return [`? ${block.label.text}${block.optional === true ? ' (optional)' : ''}`, ...options].join('\n');
    }
    default:
      return `(${block.type})`;
  }
}
