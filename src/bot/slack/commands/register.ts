import type { App, RespondArguments, SlashCommand } from '@slack/bolt';
import { definite } from '../../../rpc/index.ts';
import { authorize } from '../../approvals/rules/authorize.ts';
import type { Caller } from '../../approvals/rules/caller.ts';
import { nearest } from '../../config/file/nearest.ts';
import { faultOf } from '../requests/fault.ts';
import { isFirstDelivery, type ListenerContext } from '../requests/listener-context.ts';
import { parseTyped } from '../requests/parse.ts';
import { ack } from './ack.ts';
import { audit } from './audit.ts';
import { breakIt, heal } from './break.ts';
import { type Command, type CommandCall, type Reply, say } from './common/command.ts';
import { digest } from './digest.ts';
import { haltVerb, resumeVerb } from './halt.ts';
import { helpOf } from './help.ts';
import { incidents } from './incidents.ts';
import { maintenance } from './maintenance.ts';
import { probe } from './probe.ts';
import { queues } from './queues.ts';
import { run } from './run.ts';
import { runbooks } from './runbooks.ts';
import { status } from './status.ts';
import { tapVerb } from './tap.ts';

const help = helpOf(() => commands);

/** Commands of `/rabbit`, in the order of the help. */
export const commands: readonly Command[] = [
  status,
  incidents,
  queues,
  probe,
  tapVerb,
  runbooks,
  run,
  ack,
  haltVerb,
  resumeVerb,
  maintenance,
  digest,
  audit,
  breakIt,
  heal,
  help,
];

/** `/rabbit <verb> …`. */
export function registerCommands(app: App, listener: ListenerContext): void {
  app.command('/rabbit', async ({ ack: acknowledge, command, respond }) => {
    // At once: some verbs take longer than the three seconds that Slack waits.
    await acknowledge();
    try {
      const meanwhile = async (text: string): Promise<void> => {
        // That it could not be said changes nothing: the answer itself comes after it.
        await respond(listener.adapt(responseOf(say(text), false))).catch((error: unknown) => {
          listener.transitions.context.log.warn(
            { err: error },
            'Could not tell the caller that a command takes longer',
          );
        });
      };
      const { reply, isShared } = (await isFirstDelivery(listener, {
        kind: 'command',
        triggerId: command.trigger_id,
      }))
        ? await answer(listener, command, meanwhile)
        : { reply: say(AGAIN), isShared: false };
      await respond(listener.adapt(responseOf(reply, isShared)));
    } catch (error) {
      await respond(responseOf(say(faultOf(error)), false));
      throw error;
    }
  });
}

/** Answer to a command that Slack delivered twice. */
const AGAIN = 'Slack delivered this command twice; it runs only once. If you got no answer, type it again.';

async function answer(
  listener: ListenerContext,
  command: SlashCommand,
  meanwhile: NonNullable<CommandCall['meanwhile']>,
): Promise<{ readonly reply: Reply; readonly isShared: boolean }> {
  const { verb, words, isShared } = parseTyped(command.text);
  const surface = { kind: 'command' } as const;
  const caller: Caller = {
    user: command.user_id,
    surface,
    userTeam: command.team_id,
    team: command.team_id,
    ...definite({ enterprise: command.enterprise_id }),
  };
  const principal = await listener.transitions.people.principal(caller);
  const decision = authorize({ kind: 'read' }, principal, surface);
  if (!decision.allowed) {
    return { reply: say(decision.because), isShared: false };
  }
  const { sandbox } = listener.transitions.context.config;
  const offered = commands.filter(({ sandboxOnly }) => sandboxOnly !== true || sandbox !== undefined);
  const found = verb === '' ? help : offered.find((one) => one.verb === verb);
  if (found === undefined) {
    const near = nearest(
      verb,
      offered.map((one) => one.verb),
    );
    const hint =
      near === undefined ? 'Type /rabbit help to list all commands.' : `Did you mean /rabbit ${near}?`;
    return { reply: say(`No command named “${verb}”. ${hint}`), isShared: false };
  }
  const extra = words.slice(found.takes ?? words.length);
  if (extra.length > 0) {
    const typed = `Usage: /rabbit ${found.usage}`;
    return { reply: say(`I do not understand “${extra.join(' ')}” there. ${typed}`), isShared: false };
  }
  return {
    reply: await found.run({ listener, caller, channel: command.channel_id, words, meanwhile }),
    isShared,
  };
}

function responseOf({ text, blocks, isPrivate }: Reply, isShared: boolean): RespondArguments {
  return {
    text,
    response_type: isShared && isPrivate !== true ? 'in_channel' : 'ephemeral',
    ...(blocks === undefined ? {} : { blocks: [...blocks] }),
  };
}
