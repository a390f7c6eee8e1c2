import { context, header, linesSection, notification, small } from '../message/blocks.ts';
import { type Command, type Reply, say } from './common/command.ts';
import { unknown } from './common/unknown.ts';

/** `/rabbit help`: the commands, and what this person may do. */
export const helpOf = (commands: () => readonly Command[]): Command => ({
  verb: 'help',
  usage: 'help [command]',
  summary: 'List all commands, or explain one.',
  takes: 1,
  async run({ listener, caller, words: [wanted] }): Promise<Reply> {
    const { config } = listener.transitions.context;
    const offered = commands().filter(
      ({ sandboxOnly }) => sandboxOnly !== true || config.sandbox !== undefined,
    );
    if (wanted !== undefined) {
      return one(offered, wanted.toLowerCase());
    }
    const roles = await listener.transitions.people.roles(caller.user);
    const lines = offered.map(lineOf);
    return {
      text: notification(`Watership: ${offered.map(({ verb }) => verb).join(', ')}.`),
      blocks: [
        header('Commands'),
        linesSection(undefined, lines),
        linesSection('What you may do', [roleWords(roles)]),
        context([small('Answers are private. Add “share” at the end to show one to the channel.')]),
      ],
    };
  },
});

const lineOf = ({ usage, summary }: Command): string => `/rabbit ${usage} - ${summary}`;

function one(offered: readonly Command[], wanted: string): Reply {
  const found = offered.find(({ verb }) => verb === wanted);
  if (found !== undefined) {
    return say(lineOf(found));
  }
  return unknown(
    'command',
    wanted,
    offered.map(({ verb }) => verb),
  );
}

function roleWords(roles: { readonly isApprover: boolean; readonly isAdmin: boolean } | 'unknown'): string {
  if (roles === 'unknown') {
    return 'Slack could not say just now which groups you are in. You can view, acknowledge and diagnose incidents, and halt all repairs.';
  }
  if (roles.isAdmin) {
    return 'You can view, acknowledge and diagnose incidents, approve every repair, and halt or resume all repairs.';
  }
  return roles.isApprover
    ? 'You can view, acknowledge and diagnose incidents, approve repairs, and halt or resume all repairs.'
    : 'You can view, acknowledge and diagnose incidents, and halt all repairs. Only approvers can approve.';
}
