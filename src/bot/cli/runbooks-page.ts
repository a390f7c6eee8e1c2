import type { Runbook, Step } from '../../runbooks/index.ts';
import { repairs } from '../wording/repairs.ts';

/** `docs/runbooks.md`: the book, printed. A test fails when the file in the repository is another one. */
export function runbooksPage(book: readonly Runbook[]): string {
  return [
    '# Runbooks',
    '',
    'Generated from the book by `npm run docs`; not written by hand. One file a runbook: `src/runbooks/book/<family>/<id>.ts`.',
    '',
    '| runbook | what it sees | does it repair? |',
    '| --- | --- | --- |',
    ...book.map(
      (runbook) =>
        `| [${runbook.id}](#${runbook.id}) | ${runbook.title} | ${repairs(runbook) ? 'yes, after approval' : 'no: it tells'} |`,
    ),
    ...book.flatMap(section),
    '',
  ].join('\n');
}

function section(runbook: Runbook): string[] {
  const { id, title, summary, handbook, confirmSweeps, mutes, undo } = runbook;
  return [
    '',
    `## ${id}`,
    '',
    `**${title}.** ${summary}`,
    '',
    `- Told after ${confirmSweeps === 1 ? 'one sweep' : `${confirmSweeps} sweeps in a row`} that saw it.`,
    ...(mutes.length === 0 ? [] : [`- Its symptoms stay silent below it: ${mutes.join(', ')}.`]),
    ...(repairs(runbook) ? [`- Undo: ${undo}`] : []),
    `- Handbook: ${handbook.join(', ')}.`,
    '',
    ...runbook.steps.flatMap((step, index) => stepLines(step, index + 1)),
  ];
}

const meanings: Readonly<Record<Step<unknown>['kind'], string>> = {
  inspect: 'looks, and shows the evidence',
  decide: 'goes on or stops, with the reason; asked again just before acting',
  act: 'acts',
  manual: 'a person does it and confirms',
  verify: 'looks again until it holds, or the time is over',
  each: 'for each, one after the other',
};

function stepLines(step: Step<unknown>, number: number): string[] {
  const line = `${number}. \`${step.id}\` (${step.kind}): ${meanings[step.kind]}`;
  return step.kind === 'each'
    ? [line, ...step.steps.map((inner) => `   - \`${inner.id}\` (${inner.kind}): ${meanings[inner.kind]}`)]
    : [line];
}
