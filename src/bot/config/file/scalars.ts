import { isAlias, isMap, isPair, isScalar, isSeq, type Scalar } from 'yaml';
import type { Targets } from './aliases.ts';
import type { ConfigPath } from './problem.ts';

/** A value of the file at one of the places where it counts: behind an alias, the same one stands at several. */
export interface Placed {
  readonly path: ConfigPath;
  readonly scalar: Scalar;
}

/** Every value below a node, with its path, in the order of the file; aliases are followed. Keys are no values. */
export function* scalarsOf(value: unknown, targets: Targets, path: ConfigPath = []): Iterable<Placed> {
  const node = follow(value, targets);
  if (isScalar(node)) {
    yield { path, scalar: node };
  }
  if (!isMap(node) && !isSeq(node)) {
    return;
  }
  for (const [index, item] of node.items.entries()) {
    if (isPair(item)) {
      yield* scalarsOf(item.value, targets, [...path, keyOf(item.key, targets)]);
    } else {
      yield* scalarsOf(item, targets, [...path, index]);
    }
  }
}

const follow = (value: unknown, targets: Targets): unknown => (isAlias(value) ? targets.get(value) : value);

function keyOf(key: unknown, targets: Targets): string {
  const node = follow(key, targets);
  return String(isScalar(node) ? node.value : node);
}
