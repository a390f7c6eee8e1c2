import type { BotContext } from '../context.ts';
import type { SlackPort } from '../slack/port.ts';

export async function postDigest(
  _context: BotContext,
  _slack: SlackPort,
  _options: { readonly slot?: string; readonly channel?: string },
): Promise<void> {}
