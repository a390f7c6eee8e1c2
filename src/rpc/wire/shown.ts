/** A value that came over the wire, as text. Never throws: an object may bring a `toString` that is no function. */
export function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  try {
    return JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? String(inner) : inner,
    );
  } catch {
    // Nested deeper than the stack.
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}
