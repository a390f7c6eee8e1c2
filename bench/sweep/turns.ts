/**
 * Who goes when, round after round, so that within the rounds of one cycle everyone follows everyone else equally often. A
 * fixed order would favour some: a queue that was asked lately is awake and answers in half the time, so whoever asks after
 * another that wakes them all finds the work half done. (For an even number of contenders a cycle has as many rounds as
 * contenders, for an odd one twice as many: a Latin square balanced for what came before, after E. J. Williams, 1949.)
 */
export function turnsOf<T>(contenders: readonly T[], round: number): readonly T[] {
  const { length } = contenders;
  // 0, 1, n-1, 2, n-2, …: the distances between neighbours are all different.
  const zigzag = contenders.map((_, place) =>
    place % 2 === 1 ? (place + 1) / 2 : (length - place / 2) % length,
  );
  const isMirrored = length % 2 === 1 && Math.floor(round / length) % 2 === 1;
  const places = isMirrored ? zigzag.toReversed() : zigzag;
  return places.flatMap((place) => contenders.slice((place + round) % length).slice(0, 1));
}

/** How many rounds make everyone follow everyone else equally often. */
export const roundsOfACycle = (contenders: number): number =>
  contenders % 2 === 0 ? contenders : 2 * contenders;
