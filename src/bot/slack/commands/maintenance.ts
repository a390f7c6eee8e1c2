import { announce } from '../../approvals/maintenance.ts';
import { type Command, say } from './common/command.ts';

/** Planned work: the alerts of a cluster become quiet for a while. */
export const maintenance: Command = {
  verb: 'maintenance',
  usage: 'maintenance <cluster> [2h | end]',
  summary: 'Announce planned work: alerts are posted without notification until it ends. Approvers only.',
  takes: 2,
  run: async ({ listener, caller, words: [cluster, duration] }) =>
    say((await announce(listener.transitions, cluster, duration, caller)).text),
};
