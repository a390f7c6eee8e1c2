import { createPeople } from '../../approvals/people.ts';
import type { BotConfig } from '../../config/config.ts';
import { openSlack } from '../../open-slack.ts';
import { systemClock } from '../../process/system-clock.ts';
import type { Names } from '../../wording/words.ts';

/** A page that is printed does not wait longer than this for a name: it has the id without it. */
const LIMIT_MS = 1_500;

/** The names of these people as Slack has them; whom it does not name just now is left out. */
export async function namesOf({ slack, people }: BotConfig, ids: readonly string[]): Promise<Names> {
  if (ids.length === 0) {
    return new Map();
  }
  const port = await openSlack(slack, systemClock, { timeoutMs: LIMIT_MS });
  return await createPeople({ slack: port, clock: systemClock, people }).names([...new Set(ids)]);
}
