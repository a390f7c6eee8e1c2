import {
  haltRepairs as haltCluster,
  resumeRepairs as resumeCluster,
  type Turned,
} from '../../approvals/halts.ts';
import { type Names, nameOf } from '../../wording/words.ts';
import { moment, mrkdwn, notification } from '../message/blocks.ts';
import { literal } from '../message/escape.ts';
import { haltedLine } from '../message/halted.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { type Command, type Reply, say } from './common/command.ts';

/** `/rabbit halt`: anybody may halt, only an approver may resume. */
export const haltVerb: Command = {
  verb: 'halt',
  usage: 'halt [cluster]',
  summary: 'Halt every repair now, on one cluster or on all. Anybody may do this.',
  run: async ({ listener, caller, words: [cluster] }) =>
    tellAll(listener, await haltCluster(listener.transitions, cluster, caller)),
};

export const resumeVerb: Command = {
  verb: 'resume',
  usage: 'resume [cluster]',
  summary: 'Let repairs continue after a halt. Approvers only.',
  run: async ({ listener, caller, words: [cluster] }) =>
    tellAll(listener, await resumeCluster(listener.transitions, cluster, caller)),
};

/** Everybody who may be waiting for a repair reads it, in each channel once. The switch is thrown already. */
async function tellAll({ transitions, port }: ListenerContext, { text, news }: Turned): Promise<Reply> {
  if (news === undefined) {
    return say(text);
  }
  const { clusters, log } = transitions.context;
  const names = await transitions.people.names([news.by]);
  const channels = [...clusters]
    .filter(([name]) => news.cluster === undefined || name === news.cluster)
    .map(([, { config }]) => config.channel);
  const message = {
    text: notification(pushText(news, names)),
    blocks: [{ type: 'section' as const, text: mrkdwn(line(news, names)) }],
  };
  const posted = await Promise.allSettled(
    [...new Set(channels)].map((channel) => port.postMessage({ ...message, channel, urgency: 'decision' })),
  );
  const failed = posted.filter(({ status }) => status === 'rejected');
  if (failed.length === 0) {
    return say(text);
  }
  log.warn({ err: failed }, 'A halt or resume could not be posted in a channel');
  return say(`${text} I could not post this in the channel: please tell the others.`);
}

type News = NonNullable<Turned['news']>;

function pushText({ kind, by, cluster }: News, names: Names): string {
  const where = cluster ?? 'all clusters';
  return kind === 'halt'
    ? `${nameOf(names, by)} halted all repairs on ${where}.`
    : `${nameOf(names, by)} resumed repairs on ${where}.`;
}

function line({ kind, by, atMs, cluster = '' }: News, names: Names): string {
  return kind === 'halt'
    ? haltedLine({ by, atMs, everywhere: cluster === '' }, cluster, names)
    : `*Resumed:* ${literal(nameOf(names, by), 100)} resumed repairs on ${literal(cluster, 100) || 'all clusters'} at ${moment(atMs)}. Approved runs continue where they were halted.`;
}
