import type { BotContext } from '../context.ts';

/**
 * Queues an update of an incident's messages. A failure here is no failure of the work before it: the store has marked the
 * update as pending in the same step as the change, and the next sweep tries again.
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
      'An update of an incident could not be queued; the next sweep tries again',
    );
  }
}
