import { defineRunbook } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import { answeringNodes, isListedWhole, viewOf, vmWords } from '../../snapshot/views.ts';
import { counted, fitting, listed } from '../../wording/words.ts';
import { whatNodesSaid } from '../common/network.ts';
import { adviceOf, whyWords } from './advice.ts';
import { listings, membersNotConfigured, type UnseenFacts, unseenFacts, whatIsUnseen } from './unseen.ts';

export const cannotSee = defineRunbook<UnseenFacts>({
  id: 'cannot-see',
  title: 'I cannot see part of the cluster',
  summary:
    'I cannot read a node, a listing or the whole cluster, or the cluster has a member that is not configured. What I ' +
    'cannot see does not count as healthy: until I can read it again, no incident resolves, no fix counts as proved and no ' +
    'action is offered. The card says why, and what to correct.',
  handbook: ['D20', 'D28'],
  mutes: [],
  confirmSweeps: 2,
  facts: unseenFacts,
  detect: whatIsUnseen,
  isOver: (snapshot, { what }) => {
    switch (what.kind) {
      case 'cluster':
        return answeringNodes(snapshot).length > 0 ? { go: true } : { go: false, because: 'no node answers' };
      case 'node': {
        const answer = viewOf(snapshot, what.node)?.answer;
        return answer?.kind === 'silent' ? { go: false, because: answer.message } : { go: true };
      }
      case 'member': {
        if (answeringNodes(snapshot).length === 0) {
          return { go: false, because: 'no node answers' };
        }
        const isStill = membersNotConfigured(snapshot).some(({ node }) => node === what.node);
        return isStill
          ? { go: false, because: 'it is a member that is not in the configuration' }
          : { go: true };
      }
      case 'listing': {
        const listing = listings.find((name) => name === what.listing);
        return listing === undefined ? { go: true } : isListedWhole(snapshot[listing]);
      }
    }
  },
  headline: ({ nodes, what, why }) => {
    switch (what.kind) {
      case 'cluster':
        return fitting(`I cannot see the cluster: ${clusterWords(nodes.length, what.refusing.length)}`);
      case 'node':
        return fitting(
          `I cannot see ${shortNames(nodes)(what.node)}: ${whyWords(why)}`,
          'I cannot see a node',
        );
      case 'member':
        return fitting(
          `I do not watch ${what.node}: it is in the cluster, but not in the configuration`,
          'The cluster has a member that is not in the configuration',
        );
      case 'listing':
        return fitting(
          `I cannot list the ${what.listing} of ${listed(what.missing.map(shortNames(nodes)))}`,
          `I cannot list the ${what.listing} of ${counted(what.missing.length, 'node')}`,
        );
    }
  },
  card: ({ nodes, what, why, message, vm }) => {
    const short = shortNames(nodes);
    const advice = { label: 'What to do', value: adviceOf(why) };
    switch (what.kind) {
      case 'cluster':
        return [
          ...namesLine('Refuse my password', what.refusing.map(short)),
          ...namesLine('Do not answer', nodes.filter((node) => !what.refusing.includes(node)).map(short)),
          { label: 'Message', value: message },
          advice,
        ];
      case 'node':
        return [
          { label: 'Message', value: message },
          {
            label: 'Other nodes see it',
            value:
              what.seenRunningBy.length > 0
                ? `running (${what.seenRunningBy.map(short).join(', ')})`
                : 'no other node sees it running',
          },
          { label: 'Erlang VM', value: vmWords(vm ?? 'unknown') },
          advice,
        ];
      case 'member':
        return [
          { label: 'Message', value: message },
          {
            label: 'Other nodes see it',
            value: `${what.runs ? 'running' : 'not running'} (${what.listedBy.map(short).join(', ')})`,
          },
          { label: 'Meanwhile', value: 'I report nothing about it as healthy' },
          advice,
        ];
      case 'listing':
        return [
          { label: 'Not listed', value: `${what.listing} of ${what.missing.map(short).join(', ')}` },
          { label: 'Message', value: message },
          { label: 'Meanwhile', value: 'I report nothing about them as healthy' },
          advice,
        ];
    }
  },
  lost: () => [],
  undo: 'There is nothing to undo: this runbook changes nothing.',
  steps: [
    whatNodesSaid,
    {
      kind: 'decide',
      id: 'cure',
      title: () => 'Why can I not see it?',
      decide: ({ facts: { why, message } }) => ({
        go: false,
        because: `${message.replace(/(?<![.\s])[.\s]+$/, '')}. ${adviceOf(why)} I act on nothing that I cannot see.`,
      }),
    },
  ],
});

function clusterWords(nodes: number, refusing: number): string {
  if (refusing === 0) {
    return nodes === 1 ? 'its only node does not answer' : `none of its ${nodes} nodes answers`;
  }
  if (refusing < nodes) {
    return `${refusing} of its ${nodes} nodes ${refusing === 1 ? 'refuses' : 'refuse'} my password, the others do not answer`;
  }
  return nodes === 1 ? 'its only node refuses my password' : `all of its ${nodes} nodes refuse my password`;
}

const namesLine = (label: string, names: readonly string[]) =>
  names.length === 0 ? [] : [{ label, value: names.join(', ') }];
