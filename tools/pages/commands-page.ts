import type { Argument, Command, Option } from 'commander';
import { commandTree } from '../../src/bot/cli/command-tree.ts';
import { type CommandName, exitMeanings } from '../../src/bot/cli/exit-codes.ts';
import { commands as verbs } from '../../src/bot/slack/commands/register.ts';
import { code, markdownTable, opening } from './table.ts';

/** Page `docs/commands.md`: the command line and the verbs of `/rabbit`. */
export function commandsPage(): string {
  const tree = commandTree(
    { environment: { read: () => undefined }, out: () => {}, err: () => {}, onStop: () => {} },
    () => {},
  );
  return [
    ...opening('Commands', '`src/bot/cli/command-tree.ts` and `src/bot/slack/commands`'),
    '- [At the terminal](#at-the-terminal): `watership <command>`',
    '- [In Slack](#in-slack): `/rabbit <verb>`',
    '',
    '## At the terminal',
    '',
    `${tree.description()} \`watership --version\` prints the version, \`--help\` after a command prints its arguments and options.`,
    '',
    ...markdownTable(
      ['command', 'what it does'],
      tree.commands.map((command) => [
        `[${command.name()}](#watership-${command.name()})`,
        command.description(),
      ]),
    ),
    ...tree.commands.flatMap(section),
    '',
    '## In Slack',
    '',
    'An answer is private; add `share` to show it to the channel. Who may do what: [safety](safety.md).',
    '',
    ...markdownTable(
      ['typed', 'what it does', 'where'],
      verbs.map(({ usage, summary, sandboxOnly }) => [
        code(`/rabbit ${usage}`),
        summary,
        sandboxOnly === true ? 'in the sandbox only' : 'everywhere',
      ]),
    ),
    '',
  ].join('\n');
}

function section(command: Command): string[] {
  const { registeredArguments, options } = command;
  const name = command.name() as CommandName;
  const typed = registeredArguments.map(argumentText).map((argument) => ` ${argument}`);
  return [
    '',
    `### watership ${name}`,
    '',
    `${sentence(command.description())}`,
    '',
    code(`watership ${name}${typed.join('')} [options]`),
    '',
    ...markdownTable(
      ['argument or option', 'meaning', 'default'],
      [...registeredArguments.map(argumentRow), ...options.map(optionRow)],
    ),
    '',
    ...markdownTable(['exit code', 'meaning'], Object.entries(exitMeanings[name])),
  ];
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const argumentRow = (argument: Argument): readonly string[] => [
  code(argumentText(argument)),
  argument.description,
  argument.required ? 'must be given' : '',
];

/** A default that is said in words stands in brackets at the end of the description. */
function optionRow({ flags, description, defaultValue }: Option): readonly string[] {
  const [, meaning = description, said = ''] = /^(.*) \(default: (.*)\)$/.exec(description) ?? [];
  return [code(flags), meaning, defaultValue === undefined ? said : code(String(defaultValue))];
}
