/**
 * Attempts of a change that others may come before. Each time one of them has got through, so that a whole team that clicks at once
 * is served within this many; beyond it something is wrong.
 */
export const WRITE_ATTEMPTS = 50;

/** Others changed the same thing before this one, time after time. */
export class TooManyConflicts extends Error {
  override readonly name = 'TooManyConflicts';
}

/**
 * Optimistic change: reads, decides and writes again, until nobody came between. `attempt` reads anew each time, and answers
 * `conflict` where its write found another version than the one it had read.
 *
 * @throws TooManyConflicts
 */
export async function untilStored<Result>(
  what: string,
  attempt: () => Promise<Result | 'conflict'>,
): Promise<Result> {
  for (let tried = 0; tried < WRITE_ATTEMPTS; tried += 1) {
    const result = await attempt();
    if (result !== 'conflict') {
      return result;
    }
  }
  throw new TooManyConflicts(`${what} was changed by others ${WRITE_ATTEMPTS} times in a row`);
}
