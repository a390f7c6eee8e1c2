/** oslo's ways to say "for ever" are no limit here; the timeout is one anyway. */
export function retriesOf(retry: number | null | undefined): { readonly retry?: number } {
  return typeof retry === 'number' && retry >= 0 ? { retry } : {};
}
