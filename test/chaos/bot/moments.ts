/** Where in a treatment something may go wrong. */
export const moments = ['alert', 'review', 'approval', 'check', 'act', 'verify'] as const;
export type StoryMoment = (typeof moments)[number];

/** Tells whoever waits that a story has come to a moment. */
export interface Moments {
  reached(moment: StoryMoment): void;
  /** Resolves when the moment has come, or a later one, or the time is over. */
  when(moment: StoryMoment, withinMs: number): Promise<void>;
}

export function openMoments(): Moments {
  let farthest = -1;
  const waiting = new Set<{ readonly from: number; readonly go: () => void }>();
  return {
    reached(moment) {
      farthest = Math.max(farthest, moments.indexOf(moment));
      for (const one of waiting) {
        if (one.from <= farthest) {
          one.go();
        }
      }
    },
    when: (moment, withinMs) =>
      new Promise((resolve) => {
        const from = moments.indexOf(moment);
        if (from <= farthest) {
          return resolve();
        }
        const one = {
          from,
          go: () => {
            clearTimeout(timer);
            waiting.delete(one);
            resolve();
          },
        };
        const timer = setTimeout(one.go, withinMs);
        waiting.add(one);
      }),
  };
}
