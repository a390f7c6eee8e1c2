/** Keeps the last `limit` bytes of a stream, and says so when something was left out. */
export function tailOf(limit: number): {
  readonly add: (chunk: Buffer) => void;
  readonly text: () => string;
} {
  let chunks: Buffer[] = [];
  let held = 0;
  let isCut = false;
  const trim = (): void => {
    const whole = Buffer.concat(chunks);
    isCut ||= whole.length > limit;
    const kept = whole.subarray(Math.max(0, whole.length - limit));
    chunks = [kept];
    held = kept.length;
  };
  return {
    add: (chunk) => {
      chunks.push(chunk);
      held += chunk.length;
      // Twice the limit: a copy for each chunk of a chatty program would be wasteful.
      if (held > 2 * limit) {
        trim();
      }
    },
    text: () => {
      trim();
      return `${isCut ? '… ' : ''}${Buffer.concat(chunks).toString('utf8')}`;
    },
  };
}
