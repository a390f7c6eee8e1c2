/** What a driver does, so many at a time. */
export interface Work {
  readonly mode: 'call' | 'cast';
  readonly atOnce: number;
  /** Ends after this time, or after `count` of them if that is given. */
  readonly seconds: number;
  readonly count?: number;
}

/** What came of it; durations in milliseconds. */
export interface Worked {
  readonly done: number;
  readonly tookMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** More samples than this are not kept: a million calls must not be a million numbers. */
const KEPT = 200_000;

/** Does it again and again and again, and takes the time of each. */
export async function drive(work: Work, once: () => Promise<unknown>): Promise<Worked> {
  const samples: number[] = [];
  const beganMs = performance.now();
  const endsMs = beganMs + work.seconds * 1_000;
  let begun = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let startedMs = performance.now(); isOn(startedMs); startedMs = performance.now()) {
      begun += 1;
      await once();
      done += 1;
      if (samples.length < KEPT) {
        samples.push(performance.now() - startedMs);
      }
    }
  };
  const isOn = (nowMs: number): boolean => (work.count === undefined ? nowMs < endsMs : begun < work.count);
  await Promise.all(Array.from({ length: work.atOnce }, worker));
  const tookMs = performance.now() - beganMs;
  const sorted = samples.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { done, tookMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** 64 bytes, as in a short status report. */
export const PAYLOAD = 'x'.repeat(64);
