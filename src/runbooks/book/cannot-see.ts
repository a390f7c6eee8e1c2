import { z } from 'zod';
import type { Found } from '../runbook.ts';
import { defineRunbook } from '../runbook.ts';
import { shortNames } from '../snapshot/names.ts';
import { whatNodesSaid } from '../snapshot/network.ts';
import type { Observation } from '../snapshot/observation.ts';
import { silenceOf } from '../snapshot/silence.ts';
import type { SilenceReason, Snapshot } from '../snapshot/snapshot.ts';
import { configured, isListedWhole, peersSay, speaking, viewOf } from '../snapshot/views.ts';
import { fitting, sentence } from '../snapshot/words.ts';

const facts = z.object({
  nodes: z.array(z.string()),
  what: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('node'), node: z.string(), seenRunningBy: z.array(z.string()) }),
    // Who refuses my password has answered; the others are silent.
    z.object({ kind: z.literal('cluster'), refusing: z.array(z.string()).default([]) }),
    z.object({
      kind: z.literal('member'),
      node: z.string(),
      listedBy: z.array(z.string()),
      runs: z.boolean(),
    }),
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
    'A node, a listing or the whole cluster cannot be read, or the cluster has a member that is not configured. What is ' +
    'not seen is not healthy: nothing resolves, no fix is proved and no action is offered until it can be read again. ' +
    'Says why, and what to set right.',
  handbook: ['D20', 'D28'],
  mutes: [],
  confirmSweeps: 2,
  facts,
  detect: (now) =>
    speaking(now.snapshot).length === 0
      ? allSilent(now)
      : [...silent(now), ...strangers(now), ...unlisted(now)],
  isOver: (snapshot, { what }) => {
    switch (what.kind) {
      case 'cluster':
        return speaking(snapshot).length > 0 ? { go: true } : { go: false, because: 'no node answers' };
      case 'node': {
        const answer = viewOf(snapshot, what.node)?.answer;
        return answer?.kind === 'silent' ? { go: false, because: answer.message } : { go: true };
      }
      case 'member': {
        if (speaking(snapshot).length === 0) return { go: false, because: 'no node answers' };
        const isStill = membersNotConfigured(snapshot).some(({ node }) => node === what.node);
        return isStill
          ? { go: false, because: 'it is a member, and not in the configuration' }
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
          ...namesLine('Refuse my password', what.refusing.map(short)),
          ...namesLine('Silent', nodes.filter((node) => !what.refusing.includes(node)).map(short)),
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
      case 'member':
        return [
          { label: 'Said', value: message },
          {
            label: 'Others see it',
            value: `${what.runs ? 'running' : 'not running'} (${what.listedBy.map(short).join(', ')})`,
          },
          { label: 'Meanwhile', value: 'nothing about it is called healthy' },
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
    whatNodesSaid,
    {
      kind: 'decide',
      id: 'cure',
      title: () => 'What is in the way?',
      decide: ({ facts: { why, message } }) => ({
        go: false,
        because: `${message.replace(/(?<![.\s])[.\s]+$/, '')}. ${cureOf(why)} I act on nothing that I cannot see.`,
      }),
    },
  ],
});

function allSilent({ snapshot }: Observation): readonly Found<Facts>[] {
  const [first] = snapshot.nodes;
  if (first?.answer.kind !== 'silent') return [];
  const messages = snapshot.nodes.flatMap(({ answer }) => (answer.kind === 'silent' ? [answer.message] : []));
  const refusing = snapshot.nodes.flatMap(({ name, answer }) =>
    answer.kind === 'silent' && answer.why === 'unauthorized' ? [name] : [],
  );
  return [
    {
      key: 'cluster',
      subject: snapshot.cluster,
      severity: 'critical',
      facts: {
        nodes: [...configured(snapshot)],
        what: { kind: 'cluster', refusing },
        // One password opens all of them: set right, it lets me see what is the matter with the others.
        why: refusing.length > 0 ? 'unauthorized' : first.answer.why,
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

function clusterWords(nodes: number, refusing: number): string {
  if (refusing === 0) return `none of its ${nodes} nodes answers`;
  if (refusing < nodes)
    return `${refusing} of its ${nodes} nodes ${refusing === 1 ? 'refuses' : 'refuse'} my password, the others do not answer`;
  return nodes === 1 ? 'its only node refuses my password' : `all of its ${nodes} nodes refuse my password`;
}

const namesLine = (label: string, names: readonly string[]) =>
  names.length === 0 ? [] : [{ label, value: names.join(', ') }];

/** Members that I was never told of: their troubles would be nobody's. */
function strangers({ snapshot }: Observation): readonly Found<Facts>[] {
  return membersNotConfigured(snapshot).map(({ node, listedBy, runs }) => ({
    key: `member:${node}`,
    subject: node,
    // One that does not run has perhaps left for good, or has a new name, and only its entry has stayed.
    severity: runs ? ('warning' as const) : ('info' as const),
    facts: {
      nodes: [...configured(snapshot)],
      what: { kind: 'member' as const, node, listedBy, runs },
      why: runs ? 'not-configured' : 'stale-member',
      message: `The cluster has ${node}, which is not in the configuration; I do not watch it.`,
    },
  }));
}

/** The members that answering nodes list, without the configured ones, and without those that answer at a wrong address. */
function membersNotConfigured(snapshot: Snapshot) {
  const told = new Set(configured(snapshot));
  for (const { answer } of snapshot.nodes) {
    // That card names both nodes already, and its cure is the cure of this.
    if (answer.kind === 'silent' && answer.answeredAs !== undefined) told.add(answer.answeredAs);
  }
  const members = new Map<string, { node: string; listedBy: string[]; runs: boolean }>();
  for (const { name, answer } of speaking(snapshot)) {
    for (const peer of answer.peers.filter((row) => !told.has(row.name))) {
      const known = members.get(peer.name) ?? { node: peer.name, listedBy: [], runs: false };
      known.listedBy.push(name);
      members.set(peer.name, { ...known, runs: known.runs || peer.isRunning });
    }
  }
  return [...members.values()];
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
  'wrong-node':
    'Set right the management URL or the name of this node in the configuration: that address belongs to another node.',
  'not-itself':
    'Check the management URL and any proxy before it, and the name of this node in the configuration.',
  unreachable: 'Check the address, the name resolution and the route to the node.',
} satisfies Record<SilenceReason, string>;

const isReason = (why: string): why is SilenceReason => why in cures;

const memberCures: Readonly<Record<string, string>> = {
  'not-configured': 'Add it to the nodes of this cluster in the configuration.',
  'stale-member':
    'Add it to the nodes in the configuration; or, if it has left for good, `rabbitmqctl forget_cluster_node` removes it.',
};

const cureOf = (why: string): string =>
  isReason(why)
    ? cures[why]
    : (memberCures[why] ??
      "Look at the node's load and at its log; the listing may be too large for the deadline.");

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
    case 'wrong-node':
      return 'another node answers at its address';
    case 'not-itself':
      return 'its list of nodes does not name it';
    case 'unreachable':
      return 'its address cannot be reached';
  }
}
