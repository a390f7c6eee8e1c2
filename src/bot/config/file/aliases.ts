import { type Alias, type Document, isAlias, isCollection, isNode, isPair, type Node, visit } from 'yaml';

/** What each alias of a file stands for. */
export type Targets = ReadonlyMap<Alias, Node>;

export type Resolved =
  | { readonly kind: 'ok'; readonly targets: Targets }
  | { readonly kind: 'bad'; readonly at: Node; readonly came: string; readonly cure: string };

/** Ten clusters of a hundred nodes have a tenth of it; ten aliases of ten aliases, a few times over, have a million times it. */
const MOST_VALUES = 100_000;

/**
 * Finds what every alias (`*name`) stands for: the newest anchor (`&name`) before it. One that stands for nothing, for
 * something that it is itself a part of, or for a file that would grow beyond all bounds, is wrong.
 */
export function resolveAliases(document: Document): Resolved {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  let bad: Resolved | undefined;
  visit(document, {
    Node(_, node, ancestors) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) {
          anchors.set(node.anchor, node);
        }
        return undefined;
      }
      const target = anchors.get(node.source);
      if (target === undefined) {
        bad = {
          kind: 'bad',
          at: node,
          came: `*${node.source} without &${node.source} before it`,
          cure: `write &${node.source} before the value that is meant, or put a text that begins with "*" in quotes`,
        };
      } else if (ancestors.includes(target)) {
        bad = {
          kind: 'bad',
          at: node,
          came: `*${node.source} inside &${node.source}`,
          cure: `write the value out: a value cannot contain itself`,
        };
      } else {
        targets.set(node, target);
        return undefined;
      }
      return visit.BREAK;
    },
  });
  return bad ?? tooLarge(document, targets) ?? { kind: 'ok', targets };
}

/** The first alias that makes more of the file than anybody writes. */
function tooLarge(document: Document, targets: Targets): Resolved | undefined {
  const sizes = new Map<unknown, number>();
  const sizeOf = (value: unknown): number => {
    const known = sizes.get(value);
    if (known !== undefined) {
      return known;
    }
    const size = isAlias(value)
      ? sizeOf(targets.get(value))
      : isPair(value)
        ? sizeOf(value.key) + sizeOf(value.value)
        : isCollection(value)
          ? value.items.reduce((sum: number, item) => sum + sizeOf(item), 1)
          : 1;
    sizes.set(value, size);
    return size;
  };
  if (sizeOf(document.contents) <= MOST_VALUES) {
    return undefined;
  }
  const [worst] = [...targets.keys()].toSorted((one, other) => sizeOf(other) - sizeOf(one));
  const at = worst ?? document.contents;
  return isNode(at)
    ? {
        kind: 'bad',
        at,
        came: `aliases that make more than ${MOST_VALUES} values of it`,
        cure: 'write the values out, or use fewer aliases of aliases',
      }
    : undefined;
}
