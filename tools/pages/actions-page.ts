import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { repairs } from '../../src/bot/wording/repairs.ts';
import { allActions, type ErasedAction } from '../../src/runbooks/actions/all-actions.ts';
import { book } from '../../src/runbooks/index.ts';
import { code, markdownTable, opening } from './table.ts';

const shelf = resolve(import.meta.dirname, '../../src/runbooks/book');

/** Page `docs/actions.md`: everything that can be done to a cluster. */
export function actionsPage(): string {
  return [
    ...opening('Actions', '`src/runbooks/actions` and the runbooks'),
    'No other action is ever taken on a cluster. [Safety](safety.md) says who must approve each tier, and what applies to every action.',
    'The checks below are made on fresh data just before the call, in addition to the checks of the runbook itself.',
    '',
    ...markdownTable(
      ['action', 'tier', 'used by'],
      allActions.map(({ name, tier }) => [
        `[${name}](#${anchorOf(name)})`,
        tier,
        users(name).map(linkTo).join(', '),
      ]),
    ),
    ...allActions.flatMap(section),
    '',
  ].join('\n');
}

const anchorOf = (name: string): string => name.replaceAll('.', '');
const linkTo = (runbook: string): string => `[${runbook}](runbooks.md#${runbook})`;

function section({ name, tier, args, timeLimitMs, checks, undo }: ErasedAction): string[] {
  return [
    '',
    `## ${name}`,
    '',
    `- Tier: ${tier}.`,
    `- Time limit: ${timeLimitMs / 1_000} s. After that, the bot looks at the cluster to find out whether it happened.`,
    `- Undo: ${undo}`,
    `- Used by: ${users(name).map(linkTo).join(', ')}.`,
    '',
    ...markdownTable(['argument', 'type', 'needed'], argumentRows(args)),
    '',
    'Checks before the call:',
    '',
    ...checks.map((check) => `- ${check}`),
  ];
}

const objectSchema = z.object({
  properties: z.record(z.string(), z.looseObject({})),
  required: z.array(z.string()).default([]),
});

const typeSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  pattern: z.string().optional(),
  anyOf: z.array(z.looseObject({ type: z.string() })).default([]),
});

function argumentRows(args: ErasedAction['args']): readonly (readonly string[])[] {
  const { properties, required } = objectSchema.parse(z.toJSONSchema(args, { io: 'input' }));
  return Object.entries(properties).map(([name, schema]) => {
    const { type, pattern, anyOf } = typeSchema.parse(schema);
    const types = type === undefined ? anyOf.map((each) => each.type) : [type].flat();
    const form = pattern === undefined ? '' : `, ${code(pattern)}`;
    return [code(name), `${types.join(' or ')}${form}`, required.includes(name) ? 'yes' : 'no'];
  });
}

/** Ids of the runbooks whose files, or what these import of the book, call the action. */
function users(action: string): readonly string[] {
  return book
    .filter(repairs)
    .map(({ id }) => id)
    .filter((id) => filesOf(id).some((path) => textOf(path).includes(`'${action}'`)));
}

const textOf = (path: string): string => readFileSync(path, 'utf8');

/** File of a runbook, and what it imports of the book. */
function filesOf(id: string): readonly string[] {
  const file = readdirSync(shelf, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith(`/${id}.ts`),
  );
  if (file === undefined) {
    throw new Error(`The runbook ${id} has no file ${id}.ts in src/runbooks/book`);
  }
  const found = new Set<string>();
  const waiting = [join(shelf, file)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || !path.startsWith(shelf)) {
      continue;
    }
    found.add(path);
    const folder = dirname(path);
    waiting.push(
      ...[...textOf(path).matchAll(/from '(\.[^']+)'/g)].map(([, target = '']) => join(folder, target)),
    );
  }
  return [...found];
}
