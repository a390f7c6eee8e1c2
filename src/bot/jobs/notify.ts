import type { BotContext } from '../context.ts';

/** Brings one incident's message up to date, and takes it off the list of those that are behind. */
export async function notify(
  { stores }: Pick<BotContext, 'stores'>,
  show: (incident: string) => Promise<void>,
  incident: string,
): Promise<void> {
  // Read before telling: a change that comes while we speak has a newer mark, and stays on the list.
  const mark = await stores.pendingUpdates.markOf(incident);
  await show(incident);
  if (mark !== undefined) {
    await stores.pendingUpdates.settle(incident, mark);
  }
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const ELSEWHERE_MS = 2_000;

/** How long to wait before telling again. Slack may say it itself. */
export function notifyBackoffMs(attempts: number, error?: Error): number {
  if (error?.name === 'ToldElsewhere') {
    return ELSEWHERE_MS;
  }
  if (error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number') {
    return error.retryAfterMs;
  }
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 10));
}
