import { halt as haltCluster, resume as resumeCluster } from '../../desk/halts.ts';
import { type Command, say } from './command.ts';

/** The kill switch: anybody may stop, only an approver may go on. */
export const halt: Command = {
  verb: 'halt',
  usage: 'halt [cluster]',
  summary: 'Stop every repair now, on one cluster or on all. Anybody may.',
  run: async ({ lobby, click, words: [cluster] }) =>
    say((await haltCluster(lobby.counter, cluster, click)).text),
};

export const resume: Command = {
  verb: 'resume',
  usage: 'resume [cluster]',
  summary: 'Let repairs go on. Approvers may.',
  run: async ({ lobby, click, words: [cluster] }) =>
    say((await resumeCluster(lobby.counter, cluster, click)).text),
};
