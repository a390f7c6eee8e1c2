import { z } from 'zod';
import type { Found } from '../../runbook.ts';
import type { Observation } from '../../snapshot/observation.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { answeringNodes, configured, peersSay } from '../../snapshot/views.ts';
import { silenceOf } from './silence.ts';

/* Findings about what a sweep could not read, or was never told of. */

/** What I cannot see, and why. */
export const unseenFacts = z.object({
  nodes: z.array(z.string()),
  what: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('node'), node: z.string(), seenRunningBy: z.array(z.string()) }),
    // A node that refuses my password has answered; the others are silent.
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

/** What I cannot see, and why. */
export type UnseenFacts = z.infer<typeof unseenFacts>;

/** What each answering node owes a list of. */
export const listings = ['queues', 'connections', 'consumers'] as const;

/** All that this sweep cannot see. Where no node answers that is one trouble, not one for each. */
export const whatIsUnseen = (now: Observation): readonly Found<UnseenFacts>[] =>
  answeringNodes(now.snapshot).length === 0
    ? allSilent(now)
    : [...silent(now), ...strangers(now), ...unlisted(now)];

function allSilent({ snapshot }: Observation): readonly Found<UnseenFacts>[] {
  const [first] = snapshot.nodes;
  if (first?.answer.kind !== 'silent') {
    return [];
  }
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

function silent(now: Observation): readonly Found<UnseenFacts>[] {
  const { snapshot } = now;
  return snapshot.nodes.flatMap((view) => {
    const { name, answer, vm } = view;
    // A node that is down or paused has its own runbook.
    if (answer.kind === 'answered' || silenceOf(now, view, answer).kind !== 'unseen') {
      return [];
    }
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

/** Members that are not configured: without this finding their troubles would be seen by no one. */
function strangers({ snapshot }: Observation): readonly Found<UnseenFacts>[] {
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
export function membersNotConfigured(snapshot: Snapshot) {
  const told = new Set(configured(snapshot));
  for (const { answer } of snapshot.nodes) {
    // That card names both nodes already, and its cure is the cure of this.
    if (answer.kind === 'silent' && answer.answeredAs !== undefined) {
      told.add(answer.answeredAs);
    }
  }
  const members = new Map<string, { node: string; listedBy: string[]; runs: boolean }>();
  for (const { name, answer } of answeringNodes(snapshot)) {
    for (const peer of answer.peers.filter((row) => !told.has(row.name))) {
      const known = members.get(peer.name) ?? { node: peer.name, listedBy: [], runs: false };
      known.listedBy.push(name);
      members.set(peer.name, { ...known, runs: known.runs || peer.isRunning });
    }
  }
  return [...members.values()];
}

/** A listing that a node owes although it answers. The share of a silent node is that node's trouble. */
function unlisted({ snapshot }: Observation): readonly Found<UnseenFacts>[] {
  const answering = new Set(answeringNodes(snapshot).map(({ name }) => name));
  return listings.flatMap((listing) => {
    const missing = snapshot[listing].missing.filter(({ node }) => answering.has(node));
    const [first] = missing;
    if (!first) {
      return [];
    }
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
