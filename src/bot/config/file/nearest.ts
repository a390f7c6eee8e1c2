/** The candidate that a person most likely meant; undefined when none is near. */
export const nearest = (word: string, candidates: readonly string[]): string | undefined =>
  allNearest(word, candidates)[0];

/** All candidates that are equally near; empty when none is near. */
export function allNearest(word: string, candidates: readonly string[]): readonly string[] {
  const ranked = candidates.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const least = Math.min(...ranked.map(({ distance }) => distance));
  const allowed = Math.max(2, Math.floor(word.length / 3));
  return ranked
    .filter(({ distance }) => distance === least && distance <= allowed)
    .map(({ candidate }) => candidate);
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? left.length;
}
