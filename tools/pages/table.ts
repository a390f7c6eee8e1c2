/** Markdown table of these rows; what would end a cell is escaped. */
export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)];
}

/** Text as code of Markdown. */
export const code = (text: string): string => `\`${text}\``;

/** First lines of a generated page: its title, and that nobody writes it by hand. */
export const opening = (title: string, source: string): readonly string[] => [
  `# ${title}`,
  '',
  `Generated from ${source} by \`npm run docs\`; not written by hand.`,
  '',
];
