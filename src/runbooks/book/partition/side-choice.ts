import type { Answered } from '../../look.ts';
import { answerTo } from '../../look.ts';
import type { Choice, StepContext } from '../../runbook.ts';
import { shortNames } from '../../snapshot/names.ts';
import type { Observation } from '../../snapshot/observation.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { configured, membersOfSides } from '../../snapshot/views.ts';
import { counted, listed } from '../../wording/words.ts';

/**
 * The sides that may be kept in a split, the proposed one first (handbook, section 8, step 1): where the transport URL
 * or the load balancer points; else the most client connections, then the most nodes.
 */
export function keepChoices({ snapshot, settings }: Observation, answered: Answered): readonly Choice[] {
  const sides = membersOfSides(snapshot);
  const short = shortNames(configured(snapshot));
  const reached = answerTo(answered, { look: 'reached-by' });
  const pointed = reached.kind === 'reached-by' ? sidesHolding(sides, reached.nodes) : [];
  // Only a source that points at one side says which side; all three nodes in the URL say nothing.
  const [trusted] = pointed.length === 1 ? pointed : [];
  const weight = (side: readonly string[]): number => connectionsOn(snapshot, side) ?? 0;
  const order = sides.toSorted(
    (one, other) =>
      Number(other === trusted) - Number(one === trusted) ||
      weight(other) - weight(one) ||
      other.length - one.length,
  );
  return order.map((side) => ({
    id: keepId(side),
    label: `Keep ${side.map(short).join('+')}`,
    because: [
      ...(side === trusted && reached.kind === 'reached-by'
        ? [`services reach the cluster through it (${reached.how})`]
        : []),
      connectionWords(connectionsOn(snapshot, side)),
      side.length * 2 > settings.nodes.length
        ? `${side.length} of ${settings.nodes.length} nodes, a majority`
        : `${side.length} of ${settings.nodes.length} nodes, not a majority`,
    ].join('; '),
  }));
}

const keepId = (side: readonly string[]): string => `keep:${side.join('+')}`;

const connectionWords = (connections: number | undefined): string =>
  connections === undefined
    ? 'I could not count its client connections'
    : counted(connections, 'client connection');

/** The members of the chosen side, or of the proposed one; empty when that side is no more. */
export function keptSide({ now, answered, choice }: Chosen): readonly string[] {
  const id = choice ?? keepChoices(now, answered)[0]?.id;
  // While nodes restart the sides come and go; what was approved stays in the id.
  const members = id?.slice('keep:'.length).split('+') ?? [];
  const known = configured(now.snapshot);
  return members.filter((name) => known.includes(name));
}

/** Every node that is not on the kept side, in the order of the configuration. */
export function nodesToRestart(context: Chosen): readonly string[] {
  const kept = keptSide(context);
  return kept.length === 0 ? [] : configured(context.now.snapshot).filter((node) => !kept.includes(node));
}

/** Commands that restart these nodes in the order of the runbook: all of them stop before the first of them starts, which is the last that stopped. */
export const byHand = (nodes: readonly string[]): string =>
  [
    ...nodes.map((node) => `rabbitmqctl -n ${node} stop_app`),
    ...nodes.toReversed().map((node) => `rabbitmqctl -n ${node} start_app`),
  ].join('; ');

type Chosen = Pick<StepContext<unknown>, 'now' | 'answered' | 'choice'>;

const sidesHolding = (sides: readonly (readonly string[])[], nodes: readonly string[]) =>
  sides.filter((side) => side.some((node) => nodes.includes(node)));

/** Client connections that end on these nodes; undefined when a share of the listing is missing. */
function connectionsOn(snapshot: Snapshot, nodes: readonly string[]): number | undefined {
  const { rows, missing } = snapshot.connections;
  if (missing.some(({ node }) => nodes.includes(node))) {
    return undefined;
  }
  return rows.filter(({ node }) => nodes.includes(node)).length;
}

/** The discarded nodes as one name for sentences. */
export const discardedNamesOf = (context: Chosen, nodes: readonly string[]): string =>
  listed(nodes.map(shortNames(configured(context.now.snapshot))));
