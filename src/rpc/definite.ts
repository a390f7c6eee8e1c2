/** Fields of `Shape` that have a value: each may be missing, and none is there as `undefined`. */
export type Definite<Shape> = { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> };

/**
 * Object without its keys that have no value, as `exactOptionalPropertyTypes` wants it: whoever reads it can trust that a key
 * which is there holds something.
 *
 * @example { name, ...definite({ unit, exchange }) }
 */
export function definite<Shape extends object>(shape: Shape): Definite<Shape> {
  const kept: Definite<Shape> = {};
  for (const key in shape) {
    const value = shape[key];
    if (value !== undefined) {
      // The compiler does not carry the comparison over to a type that depends on the key.
      kept[key] = value as Exclude<Shape[typeof key], undefined>;
    }
  }
  return kept;
}
