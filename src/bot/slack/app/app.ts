import { App, type Receiver } from '@slack/bolt';
import { createPeople } from '../../approvals/people.ts';
import { createTransitions, type Transitions } from '../../approvals/transitions.ts';
import type { BotContext } from '../../context.ts';
import type { SlackPort } from '../../ports/slack.ts';
import { registerCommands } from '../commands/register.ts';
import { registerAcknowledge } from '../listeners/acknowledge.ts';
import { registerApproval } from '../listeners/approval.ts';
import { registerChoice } from '../listeners/choice.ts';
import { registerDiagnose } from '../listeners/diagnose.ts';
import { registerHome } from '../listeners/home.ts';
import { registerReview } from '../listeners/review.ts';
import { registerRunButtons } from '../listeners/run-buttons.ts';
import type { ListenerContext } from '../requests/listener-context.ts';
import { adaptTo } from '../send/local-slack.ts';
import { slackLogger } from '../send/logger.ts';
import { clientOptions } from '../send/web-client-port.ts';

/** The app with every listener, over whatever receiver is handed in: tests hand in one that they drive. */
export function createApp(
  context: BotContext,
  port: SlackPort,
  receiver: Receiver,
): { readonly app: App; readonly transitions: Transitions; readonly settled: () => Promise<void> } {
  const { config, log, clock } = context;
  const app = new App({
    receiver,
    // One workspace and one token: Bolt need not ask who it is before every click.
    authorize: async () => ({ botToken: config.slack.botToken }),
    ignoreSelf: false,
    logger: slackLogger(log),
    clientOptions: clientOptions(config.slack),
  });
  const people = createPeople({
    ...{ slack: port, clock, people: config.people },
    onFailure: (error) =>
      log.warn(
        { err: error },
        'Slack did not answer a question about a person or a channel; where a permission depends on the answer, it counts as no',
      ),
  });
  const transitions = createTransitions(context, people);
  const underWay = new Set<Promise<void>>();
  const listener: ListenerContext = {
    transitions,
    port,
    adapt: adaptTo(config.slack.apiUrl),
    later: (what, work) => {
      const watched = work
        .catch((error: unknown) => log.error({ err: error }, `Could not show ${what}`))
        .finally(() => underWay.delete(watched));
      underWay.add(watched);
    },
  };

  for (const register of [
    registerAcknowledge,
    registerDiagnose,
    registerReview,
    registerChoice,
    registerApproval,
    registerRunButtons,
    registerHome,
    registerCommands,
  ]) {
    register(app, listener);
  }
  // The one place where a listener's fault ends: the person has been answered where it happened.
  app.error(async (error) => log.error({ err: error }, 'A click or command failed'));

  return { app, transitions, settled: async () => void (await Promise.allSettled(underWay)) };
}
