import { z } from 'zod';
import { definite } from '../../definite.ts';
import { answerTo } from '../../look.ts';
import type { Found, StepContext } from '../../runbook.ts';
import { defineRunbook } from '../../runbook.ts';
import { shortNames, typed } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import {
  configured,
  disagreements,
  isConnected,
  isWhole,
  membersOfSides,
  partitionsSeen,
  silentNodes,
  viewOf,
} from '../../snapshot/views.ts';
import type { Verdict } from '../../verdict.ts';
import { counted, fitting, listed } from '../../wording/words.ts';
import { symptomsOfNetwork, whoSeesWhom } from '../common/network.ts';
import { topicsToProbe, whoIsDeaf } from './probing.ts';
import { isBack, needsForce, needsRejoin } from './rejoin.ts';
import { byHand, keepChoices, keptSide, nodesToRestart } from './side-choice.ts';
import { lostWith, sideLooks } from './side-differences.ts';
import { evidenceLooks, splitEvidenceLines } from './split-evidence.ts';
import { isStaleRow } from './stale-rows.ts';

const facts = z.object({
  /** All configured nodes. */
  nodes: z.array(z.string()),
  /** The groups that see each other, largest first. */
  sides: z.array(z.array(z.string())),
  /** Configured nodes that gave no answer. */
  unseen: z.array(z.string()),
  /** Nodes that list others as cut off, or are listed. */
  listedBy: z.array(z.string()),
  /** False where all views agree that all nodes run: then only old entries are left. */
  isApart: z.boolean(),
  handling: z.string().optional(),
});
type Facts = z.infer<typeof facts>;
type Context = StepContext<Facts>;

const STOPS_WITHIN_MS = 60_000;
const STARTS_WITHIN_MS = 120_000;
const REJOINS_WITHIN_MS = 180_000;
const LOOKS_THAT_PROVE = 3;

export const partition = defineRunbook<Facts>({
  id: 'partition',
  title: 'Network split',
  summary:
    'Nodes lost each other, can reach each other again, and still run apart: each side believes that the other died. The ' +
    'runbook chooses the side to keep, stops the nodes of the other sides one after the other, then starts them one ' +
    'after the other, and checks the view of every node.',
  handbook: ['D20', 'D21', 'D22', 'D23', 'D24', 'D25'],
  mutes: symptomsOfNetwork,
  confirmSweeps: 2,
  facts,
  detect,
  isOver: (snapshot) => isConnected(snapshot),
  unread: ({ unseen }) => unseen,
  headline: ({ nodes, sides, unseen, listedBy, isApart }) => {
    const short = shortNames(nodes);
    if (!isApart) {
      return fitting(
        `${listed(listedBy.map(short))} still ${listedBy.length === 1 ? 'lists' : 'list'} a split, although all nodes see each other`,
        'a split is still listed, although all nodes see each other',
      );
    }
    if (sides.length < 2) {
      return fitting(
        `network split, I cannot read ${listed(unseen.map(short))}`,
        'network split, I cannot read some nodes',
      );
    }
    const names = sides.map((side) => side.map(short).join('+'));
    const sizes = sides.map((side) => counted(side.length, 'node'));
    return fitting(
      names.length === 2
        ? `network split, ${names[1]} cut off from ${names[0]}`
        : `network split into ${names.length} sides: ${names.join(', ')}`,
      `network split into ${counted(sides.length, 'side')}: ${sizes.join(', ')}`,
      'network split',
    );
  },
  card: ({ nodes, sides, unseen, listedBy, handling }) => {
    const short = shortNames(nodes);
    const [largest = [], ...others] = sides;
    const isMajority = largest.length * 2 > nodes.length;
    const share = `${isMajority ? 'majority, ' : ''}${largest.length} of ${nodes.length}`;
    return [
      { label: 'See each other', value: `${largest.map(short).join(', ')} (${share})` },
      {
        label: 'Cut off',
        value: others.map((side) => side.map(short).join(', ')).join(' | ') || 'not known',
      },
      {
        label: 'Read from',
        value:
          unseen.length === 0
            ? `all ${nodes.length} nodes; ${listedBy.length === nodes.length ? 'all' : listed(listedBy.map(short))} ${listedBy.length === 1 ? 'lists' : 'list'} the split`
            : `all nodes except ${listed(unseen.map(short))}`,
      },
      {
        label: 'Partition handling',
        value: handling ?? 'not in the configuration; the API does not report it',
      },
    ];
  },
  choices: ({ now, answered }) => keepChoices(now, answered),
  lost: (context) => lostWith(context, keptSide(context)),
  undo:
    'No. What only the restarted nodes held is lost. Save the definitions of each node first if you need them: ' +
    '`/api/definitions` at the management address of that node, or `rabbitmqctl -n <node> export_definitions <file>`.',
  steps: [
    whoSeesWhom,
    {
      kind: 'inspect',
      id: 'sides',
      title: () => 'Compare the sides, and how the services reach them',
      looks: (context) => evidenceLooks(context),
      show: (context) => ({ title: 'Which side to keep', lines: splitEvidenceLines(context) }),
    },
    {
      kind: 'decide',
      id: 'still-split',
      title: () => 'Is the cluster still split, and could I read everything?',
      looks: (context) => sideLooks(context.now.snapshot),
      decide: isFitToRepair,
    },
    {
      kind: 'each',
      id: 'stop-nodes',
      over: nodesToRestart,
      steps: [
        {
          kind: 'act',
          id: 'stop',
          title: (context) => `Stop RabbitMQ on ${shortTarget(context)}`,
          call: ({ target = '' }) => ({ action: 'node.stop', args: { node: target } }),
        },
        {
          kind: 'verify',
          id: 'stopped',
          title: (context) => `${shortTarget(context)} has stopped`,
          withinMs: STOPS_WITHIN_MS,
          holds: (context) =>
            viewOf(context.now.snapshot, context.target ?? '')?.answer.kind === 'silent'
              ? { go: true, because: 'its API no longer answers' }
              : { go: false, because: 'its API still answers' },
        },
      ],
    },
    {
      kind: 'each',
      id: 'start-nodes',
      // The last one to stop is the first to start.
      over: (context) => nodesToRestart(context).toReversed(),
      steps: [
        {
          kind: 'act',
          id: 'start',
          title: (context) => `Start RabbitMQ on ${shortTarget(context)}`,
          call: ({ target = '' }) => ({ action: 'node.start', args: { node: target } }),
        },
        {
          kind: 'verify',
          id: 'started',
          title: (context) => `${shortTarget(context)} is back in the cluster`,
          withinMs: STARTS_WITHIN_MS,
          otherwise: 'fall-through',
          holds: isBack,
        },
        {
          kind: 'act',
          id: 'force-boot',
          title: (context) => `If ${shortTarget(context)} does not start: force it to boot`,
          call: ({ target = '' }) => ({ action: 'node.force_boot', args: { node: target } }),
          when: needsForce,
        },
        {
          kind: 'act',
          id: 'rejoin',
          title: (context) => `If ${shortTarget(context)} starts alone: make it join the cluster again`,
          call: (context) => ({
            action: 'node.rejoin',
            args: { node: context.target ?? '', peer: keptSide(context)[0] ?? '' },
          }),
          when: needsRejoin,
        },
        {
          kind: 'verify',
          id: 'back',
          title: (context) => `Every node sees ${shortTarget(context)} in the cluster again`,
          withinMs: REJOINS_WITHIN_MS,
          holds: isBack,
        },
      ],
    },
    {
      kind: 'verify',
      id: 'whole',
      title: () => 'Every node sees the whole cluster, and services answer',
      withinMs: REJOINS_WITHIN_MS,
      looksInARow: LOOKS_THAT_PROVE,
      looks: ({ now }) => topicsToProbe(now),
      holds: (context) => {
        const whole = isWhole(context.now.snapshot);
        return whole.go ? whoIsDeaf(topicsToProbe(context.now), context.answered, whole.because) : whole;
      },
    },
  ],
});

function detect(now: Observation): readonly Found<Facts>[] {
  const { snapshot, settings } = now;
  const partitions = partitionsSeen(snapshot);
  if (partitions.size === 0 || isStaleRow(now)) {
    return [];
  }
  const sides = membersOfSides(snapshot);
  const unseen = silentNodes(snapshot);
  const isApart = unseen.length > 0 || disagreements(snapshot).length > 0;
  const cutOff = sides.slice(1).flat();
  const listedBy = [...partitions.keys()].toSorted();
  const about = [cutOff, unseen, listedBy].find((some) => some.length > 0) ?? [];
  return [
    {
      key: 'network',
      subject: typed(configured(snapshot), about),
      severity: isApart ? 'critical' : 'warning',
      facts: {
        nodes: [...configured(snapshot)],
        isApart,
        sides: sides.map((side) => [...side]),
        unseen: [...unseen],
        listedBy,
        ...definite({ handling: settings.partitionHandling }),
      },
    },
  ];
}

function isFitToRepair(context: Context): Verdict {
  const { now, answered } = context;
  const { snapshot, settings } = now;
  const short = shortNames(configured(snapshot));
  const unseen = silentNodes(snapshot);
  if (unseen.length > 0) {
    return stop(notOffered(unseen.map(short)));
  }
  if (partitionsSeen(snapshot).size === 0) {
    return stop(
      disagreements(snapshot).length > 0
        ? 'The link is still down: no node lists a partition yet. Fix the network first; I keep watching.'
        : 'The split has healed by itself; there is nothing to repair.',
    );
  }
  const unlisted = configured(snapshot).filter(
    (node) => answerTo(answered, { look: 'side', node }).kind === 'unseen',
  );
  if (unlisted.length > 0) {
    return stop(notOffered(unlisted.map((node) => `the queues of ${short(node)}`)));
  }
  const restarts = nodesToRestart(context);
  // Rows outlive the split by some seconds. Whatever was chosen, a cluster whose views agree needs no restart.
  if (restarts.length === 0 || disagreements(snapshot).length === 0) {
    return stop(
      'All nodes see each other; only outdated entries still list a partition. No node needs a restart.',
    );
  }
  const outOfReach = restarts.filter(
    (node) => settings.nodes.find(({ name }) => name === node)?.host === undefined,
  );
  if (outOfReach.length > 0) {
    return stop(
      `I cannot restart ${listed(outOfReach.map(short))}: the configuration names no host for ${outOfReach.length === 1 ? 'it' : 'them'}. ` +
        `Run these commands by hand, one after the other: ${byHand(restarts)}.`,
    );
  }
  const kept = keptSide(context);
  const isMajority = kept.length * 2 > settings.nodes.length;
  return {
    go: true,
    because: isMajority
      ? `The plan keeps ${listed(kept.map(short))}: ${kept.length} of ${settings.nodes.length} nodes.`
      : `The plan keeps ${listed(kept.map(short))}, only ${kept.length} of ${settings.nodes.length} nodes: approve it only if you want to keep this side.`,
  };
}

const notOffered = (names: readonly string[]): string =>
  `I could not read ${listed(names)}; I will not offer a restart. ` +
  'Make sure that I can reach it and diagnose again, or check `rabbitmqctl cluster_status` on each node.';

const shortTarget = ({ now, target = '' }: Context): string => shortNames(configured(now.snapshot))(target);

const stop = (because: string): Verdict => ({ go: false, because });
