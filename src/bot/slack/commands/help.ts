import { context, header, linesSection, notification, small } from '../blocks.ts';
import type { Command, Reply } from './command.ts';

/** What can be typed, and what this person may do. */
export const helpOf = (commands: () => readonly Command[]): Command => ({
  verb: 'help',
  usage: 'help',
  summary: 'This list.',
  async run({ lobby, click }): Promise<Reply> {
    const { config } = lobby.counter.context;
    const roles = await lobby.counter.people.roles(click.user);
    const offered = commands().filter(
      ({ sandboxOnly }) => sandboxOnly !== true || config.sandbox !== undefined,
    );
    const lines = offered.map(({ usage, summary }) => `/rabbit ${usage} - ${summary}`);
    return {
      text: notification(`Watership: ${offered.map(({ verb }) => verb).join(', ')}.`),
      blocks: [
        header('What you can ask'),
        linesSection(undefined, lines),
        linesSection('What you may do', [roleWords(roles)]),
        context([small('Answers are private. Add “share” at the end to show one to the channel.')]),
      ],
    };
  },
});

function roleWords(roles: { readonly isApprover: boolean; readonly isAdmin: boolean } | 'unknown'): string {
  if (roles === 'unknown') {
    return 'Slack did not say just now which groups you are in. You can look, take and diagnose incidents, and halt all repairs.';
  }
  if (roles.isAdmin) {
    return 'You can look, take and diagnose incidents, approve every repair, and halt or resume all repairs.';
  }
  return roles.isApprover
    ? 'You can look, take and diagnose incidents, approve repairs, and halt or resume all repairs.'
    : 'You can look, take and diagnose incidents, and halt all repairs. Approving needs an approver.';
}
