import type { Runbook, Step } from '../../runbooks/index.ts';
import { repairs } from '../wording/repairs.ts';

/** `docs/runbooks.md`: the book, printed. A test fails when the file in the repository is another one. */
export function runbooksPage(book: readonly Runbook[]): string {
  return [
    '# Runbooks',
    '',
    'Generated from the book by `npm run docs`; not written by hand. Each runbook is one file: `src/runbooks/book/<family>/<id>.ts`.',
    '',
    '| runbook | what it sees | does it repair? |',
    '| --- | --- | --- |',
    ...book.map(
      (runbook) =>
        `| [${runbook.id}](#${runbook.id}) | ${runbook.title} | ${repairs(runbook) ? 'yes, after approval' : 'no: it reports only'} |`,
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
    `- Reported after it was seen in ${confirmSweeps === 1 ? 'one sweep' : `${confirmSweeps} sweeps in a row`}.`,
    ...(mutes.length === 0 ? [] : [`- Mutes these symptoms: ${mutes.join(', ')}.`]),
    ...(repairs(runbook) ? [`- Undo: ${undo}`] : []),
    `- Handbook: ${handbook.join(', ')}.`,
    '',
    ...runbook.steps.flatMap((step, index) => stepLines(step, index + 1)),
  ];
}

const meanings: Readonly<Record<Step<unknown>['kind'], string>> = {
  inspect: 'looks, and shows the evidence',
  decide: 'continues or stops, with the reason; decided again just before acting',
  act: 'acts',
  manual: 'a person does it and confirms',
  verify: 'checks again until it holds or the time is up',
  each: 'for each, one after the other',
};

function stepLines(step: Step<unknown>, number: number): string[] {
  const line = `${number}. \`${step.id}\` (${step.kind}): ${meanings[step.kind]}`;
  return step.kind === 'each'
    ? [line, ...step.steps.map((inner) => `   - \`${inner.id}\` (${inner.kind}): ${meanings[inner.kind]}`)]
    : [line];
}
