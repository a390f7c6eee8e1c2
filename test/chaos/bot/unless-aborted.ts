/** What the work comes to, or a throw as soon as the signal comes: the work itself goes on, and is no longer heard. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) {
      abort();
    } else {
      signal.addEventListener('abort', abort);
    }
  });
  return await Promise.race([work, aborted]);
}
