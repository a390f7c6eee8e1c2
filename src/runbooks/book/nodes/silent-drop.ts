import { z } from 'zod';
import { definite } from '../../definite.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortNames, typed } from '../../snapshot/names.ts';
import { answeringNodes, configured, isConnected } from '../../snapshot/views.ts';
import { fitting, listed, span } from '../../wording/words.ts';
import { symptomsOfNetwork, whatNodesSaid } from '../common/network.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  /** Nodes whose API hangs while their port is open. */
  hanging: z.array(z.string()),
  netTickTimeSeconds: z.number().optional(),
});
type Facts = z.infer<typeof facts>;

/** RabbitMQ's default: how long until nodes notice that a peer is gone. */
const DEFAULT_NET_TICK_SECONDS = 60;
/** One node that hangs is a node's trouble; two are the network's. */
const NODES_THAT_HANG = 2;

export const silentDrop = defineRunbook<Facts>({
  id: 'silent-drop',
  title: 'Nodes hang: packets between them are dropped',
  summary:
    'The API of several nodes hangs while their ports are open: packets between nodes are dropped, and no node has ' +
    'noticed it yet. The runbook waits until the nodes notice; it never restarts a node because its API is slow.',
  handbook: ['D20'],
  mutes: ['cannot-see', ...symptomsOfNetwork],
  confirmSweeps: 2,
  facts,
  detect: ({ snapshot, settings }) => {
    const hanging = snapshot.nodes.filter(
      ({ answer }) => answer.kind === 'silent' && answer.why === 'timeout' && answer.portOpen === true,
    );
    if (hanging.length < NODES_THAT_HANG) {
      return [];
    }
    const tick = answeringNodes(snapshot)
      .flatMap(({ answer }) => answer.peers.map((peer) => peer.netTickTimeSeconds))
      .find((seconds) => seconds !== undefined);
    return [
      {
        key: 'network',
        subject: typed(
          settings.nodes.map(({ name }) => name),
          hanging.map(({ name }) => name),
        ),
        severity: 'critical',
        facts: {
          nodes: settings.nodes.map(({ name }) => name),
          hanging: hanging.map(({ name }) => name),
          ...definite({ netTickTimeSeconds: tick }),
        },
      },
    ];
  },
  isOver: (snapshot) => isConnected(snapshot),
  unread: ({ hanging }) => hanging,
  headline: ({ nodes, hanging }) => {
    const short = shortNames(nodes);
    return fitting(
      `the API of ${listed(hanging.map(short))} hangs although ports are open: packets are dropped`,
      `the API of ${hanging.length} nodes hangs although ports are open: packets are dropped`,
    );
  },
  card: ({ nodes, hanging, netTickTimeSeconds }) => [
    { label: 'Hangs', value: hanging.map(shortNames(nodes)).join(', ') },
    { label: 'Ports', value: 'open' },
    { label: 'Nodes notice within', value: tickWords(netTickTimeSeconds) },
    { label: 'Next', value: 'check the network between the nodes; do not restart anything' },
  ],
  lost: () => [],
  undo: 'There is nothing to undo: this runbook changes nothing.',
  steps: [
    whatNodesSaid,
    {
      kind: 'decide',
      id: 'wait-for-tick',
      title: () => 'Is it time to act?',
      decide: ({ facts: { netTickTimeSeconds }, now }) => {
        const answers = answeringNodes(now.snapshot).length === configured(now.snapshot).length;
        if (answers) {
          return { go: false, because: 'All nodes answer again.' };
        }
        return {
          go: false,
          because:
            `There is nothing to repair yet. The nodes notice the drop within ${tickWords(netTickTimeSeconds)}; then I can ` +
            'say which node is cut off. A restart now would only make it worse.',
        };
      },
    },
  ],
});

/** A tick ends within a quarter more than its time. The setting itself stands in its own unit, as it is written. */
const tickWords = (seconds: number | undefined): string =>
  seconds === undefined
    ? `about ${noticeSpan(DEFAULT_NET_TICK_SECONDS)} (net_ticktime is not known; its default is ${DEFAULT_NET_TICK_SECONDS} s)`
    : `about ${noticeSpan(seconds)} (net_ticktime ${seconds} s)`;

const noticeSpan = (tickSeconds: number): string => span(Math.ceil((tickSeconds * 5) / 4) * 1_000);
