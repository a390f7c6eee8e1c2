/**
 * Node names as people say them. `rabbit44@localhost` is `rabbit44` where all nodes share the host part,
 * `rabbit@server-44` is `server-44` where all share the first part. Anything else stays whole.
 */
export function shortNames(all: readonly string[]): (name: string) => string {
  const left = all.map((name) => name.split('@')[0] ?? name);
  const right = all.map((name) => name.split('@')[1] ?? name);
  const isDistinct = (parts: readonly string[]): boolean => new Set(parts).size === all.length;
  if (all.length > 1 && isDistinct(right)) {
    return (name) => name.split('@')[1] ?? name;
  }
  if (isDistinct(left)) {
    return (name) => name.split('@')[0] ?? name;
  }
  return (name) => name;
}

/** Nodes as one word that a person can type: `server-45+server-46`. */
export const typed = (all: readonly string[], some: readonly string[]): string =>
  some.map(shortNames(all)).join('+') || 'network';

/** A queue name with its long random part cut to what tells it apart: `cinder-scheduler_fanout_4f2a..`. */
export const shortQueue = (name: string): string =>
  name.replace(/([0-9a-f]{4})[0-9a-f]{28}(?![0-9a-f])/g, '$1..').slice(0, 60);
