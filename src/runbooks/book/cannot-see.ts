import { z } from 'zod';
import type { Found } from '../runbook.ts';
import { defineRunbook } from '../runbook.ts';
import { shortNames } from '../snapshot/names.ts';
import type { Observation } from '../snapshot/observation.ts';
import { silenceOf } from '../snapshot/silence.ts';
import type { SilenceReason } from '../snapshot/snapshot.ts';
import { configured, isListedWhole, matrix, peersSay, speaking, viewOf } from '../snapshot/views.ts';
import { fitting, sentence } from '../snapshot/words.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  what: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('node'), node: z.string(), seenRunningBy: z.array(z.string()) }),
    z.object({ kind: z.literal('cluster') }),
    z.object({ kind: z.literal('listing'), listing: z.string(), missing: z.array(z.string()) }),
  ]),
  why: z.string(),
  message: z.string(),
  vm: z.enum(['registered', 'absent', 'unknown']).optional(),
});
type Facts = z.infer<typeof facts>;

const listings = ['queues', 'connections', 'consumers'] as const;

export const cannotSee = defineRunbook<Facts>({
  id: 'cannot-see',
  title: 'I cannot see',
  summary:
    'A node, a listing or the whole cluster cannot be read. What is not seen is not healthy: nothing resolves, no fix ' +
    'is proved and no action is offered until it can be read again. Says why, and what to set right.',
  handbook: ['D20', 'D28'],
  mutes: [],
  confirmSweeps: 2,
  facts,
  detect: (now) =>
    speaking(now.snapshot).length === 0 ? allSilent(now) : [...silent(now), ...unlisted(now)],
  isOver: (snapshot, { what }) => {
    switch (what.kind) {
      case 'cluster':
        return speaking(snapshot).length > 0 ? { go: true } : { go: false, because: 'no node answers' };
      case 'node': {
        const answer = viewOf(snapshot, what.node)?.answer;
        return answer?.kind === 'silent' ? { go: false, because: answer.message } : { go: true };
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
        return fitting(`I cannot see the cluster: none of its ${nodes.length} nodes answers`);
      case 'node':
        return fitting(
          `I cannot see ${shortNames(nodes)(what.node)}: ${whyWords(why)}`,
          'I cannot see a node',
        );
      case 'listing':
        return fitting(
          `I cannot list the ${what.listing} of ${sentence(what.missing.map(shortNames(nodes)))}`,
          `I cannot list the ${what.listing} of ${what.missing.length} nodes`,
        );
    }
  },
  card: ({ nodes, what, why, message, vm }) => {
    const short = shortNames(nodes);
    const cure = { label: 'Cure', value: cureOf(why) };
    switch (what.kind) {
      case 'cluster':
        return [
          { label: 'Silent', value: nodes.map(short).join(', ') },
          { label: 'Said', value: message },
          cure,
        ];
      case 'node':
        return [
          { label: 'Said', value: message },
          {
            label: 'Others see it',
            value:
              what.seenRunningBy.length > 0
                ? `running (${what.seenRunningBy.map(short).join(', ')})`
                : 'nobody sees it run',
          },
          { label: 'Erlang VM', value: vm === undefined || vm === 'unknown' ? 'not known' : vm },
          cure,
        ];
      case 'listing':
        return [
          { label: 'Not listed', value: `${what.listing} of ${what.missing.map(short).join(', ')}` },
          { label: 'Said', value: message },
          { label: 'Meanwhile', value: 'nothing about them is called healthy' },
        ];
    }
  },
  lost: () => [],
  undo: 'Nothing is done.',
  steps: [
    {
      kind: 'inspect',
      id: 'views',
      title: () => 'Ask every node',
      show: ({ now }) => ({ title: 'What the nodes said', lines: matrix(now.snapshot) }),
    },
    {
      kind: 'decide',
      id: 'cure',
      title: () => 'What is in the way?',
      decide: ({ facts: { why, message } }) => ({
        go: false,
        because: `${message.replace(/[.\s]+$/, '')}. ${cureOf(why)} I act on nothing that I cannot see.`,
      }),
    },
  ],
});

function allSilent({ snapshot }: Observation): readonly Found<Facts>[] {
  const [first] = snapshot.nodes;
  if (first?.answer.kind !== 'silent') return [];
  const messages = snapshot.nodes.flatMap(({ answer }) => (answer.kind === 'silent' ? [answer.message] : []));
  return [
    {
      key: 'cluster',
      subject: snapshot.cluster,
      severity: 'critical',
      facts: {
        nodes: [...configured(snapshot)],
        what: { kind: 'cluster' },
        why: first.answer.why,
        message: [...new Set(messages)].join('; '),
      },
    },
  ];
}

function silent(now: Observation): readonly Found<Facts>[] {
  const { snapshot } = now;
  return snapshot.nodes.flatMap((view) => {
    const { name, answer, vm } = view;
    // A node that is down or paused has its own runbook.
    if (answer.kind === 'answered' || silenceOf(now, view, answer).kind !== 'unseen') return [];
    const seenRunningBy = [...peersSay(snapshot, name).running];
    return [
      {
        key: `node:${name}`,
        subject: name,
        severity: 'warning' as const,
        facts: {
          nodes: [...configured(snapshot)],
          what: { kind: 'node' as const, node: name, seenRunningBy },
          why: answer.why,
          message: answer.message,
          vm,
        },
      },
    ];
  });
}

/** A listing that a node owes although it answers. The share of a silent node is that node's trouble. */
function unlisted({ snapshot }: Observation): readonly Found<Facts>[] {
  const answering = new Set(speaking(snapshot).map(({ name }) => name));
  return listings.flatMap((listing) => {
    const missing = snapshot[listing].missing.filter(({ node }) => answering.has(node));
    const [first] = missing;
    if (!first) return [];
    return [
      {
        key: `listing:${listing}`,
        subject: listing,
        severity: 'warning' as const,
        facts: {
          nodes: [...configured(snapshot)],
          what: { kind: 'listing' as const, listing, missing: missing.map(({ node }) => node) },
          why: 'listing',
          message: first.why,
        },
      },
    ];
  });
}

const cures = {
  refused: 'Nothing listens on the management port: is the management plugin on, and the address right?',
  timeout: 'The node is slow or something drops packets: look at its load and at the network.',
  unauthorized: 'Check the user name and password, and that the user has the tag `monitoring`.',
  'not-json': 'Something else answers on that address: check the management URL and any proxy.',
  tls: 'Check the certificate and the CA of the management URL.',
  'http-error': "Look at the node's log: its management API reports an error.",
  unreachable: 'Check the address, the name resolution and the route to the node.',
} satisfies Record<SilenceReason, string>;

const isReason = (why: string): why is SilenceReason => why in cures;

const cureOf = (why: string): string =>
  isReason(why)
    ? cures[why]
    : "Look at the node's load and at its log; the listing may be too large for the deadline.";

function whyWords(why: string): string {
  if (!isReason(why)) return why;
  switch (why) {
    case 'refused':
      return 'it refuses connections';
    case 'timeout':
      return 'its API does not answer in time';
    case 'unauthorized':
      return 'it refuses my password';
    case 'not-json':
      return 'what answers is not RabbitMQ';
    case 'tls':
      return 'the TLS connection fails';
    case 'http-error':
      return 'its API reports an error';
    case 'unreachable':
      return 'its address cannot be reached';
  }
}
