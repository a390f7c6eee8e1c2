type Definite<Shape> = { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> };

/** Leaves out the keys without a value, as `exactOptionalPropertyTypes` wants it. */
export function definite<Shape extends object>(value: Shape): Definite<Shape> {
  // The filter removes exactly what the type removes; TypeScript cannot see through fromEntries.
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined),
  ) as Definite<Shape>;
}
