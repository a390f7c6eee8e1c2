import type { Clock } from '../runbooks/index.ts';
import type { BotConfig, SlackConfig } from './config/config.ts';
import type { Check } from './ports/check-line.ts';
import type { SlackPort } from './ports/slack.ts';

/**
 * Door to Slack for commands of the terminal: they name people and check tokens, and most of them need neither. Slack's
 * libraries are loaded when one is opened, and only then.
 */
export async function openSlack(
  config: SlackConfig,
  clock: Clock,
  options?: { readonly timeoutMs?: number },
): Promise<SlackPort> {
  const { openSlackPort } = await import('./slack/send/web-client-port.ts');
  return openSlackPort(config, clock, options);
}

/** Checks of the tokens, the channels and the people in Slack. */
export async function openSlackChecks(config: BotConfig): Promise<Iterable<Check>> {
  const { slackChecks } = await import('./slack/app/check-slack.ts');
  return slackChecks(config);
}
