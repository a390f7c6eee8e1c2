import type { BotContext } from '../context.ts';

/**
 * Asks for an incident to be told. Not being able to ask is no failure of the work before it: the store has marked the incident
 * as untold in the same step as the change, and the next sweep asks again.
 */
export async function notifySoon(
  { jobQueue, log }: Pick<BotContext, 'jobQueue' | 'log'>,
  incident: string,
): Promise<void> {
  try {
    await jobQueue.tell(incident);
  } catch (error) {
    log.warn(
      { err: error, incident },
      'An incident could not be queued for telling; the next sweep asks again',
    );
  }
}
