import { z } from 'zod';
import { type Asked, type Command, type Reply, say } from './command.ts';

const said = z.object({ text: z.string() });
/** Making or healing a fault starts and stops real nodes. */
const SANDBOX_TIMEOUT_MS = 120_000;

/** Breaks the newcomer's cluster on purpose. */
export const breakIt: Command = {
  verb: 'break',
  usage: 'break <fault>',
  summary: 'Sandbox only: break the cluster in one way.',
  sandboxOnly: true,
  run: (asked) => tellSandbox(asked, 'break', { fault: asked.words[0] ?? '' }),
};

export const heal: Command = {
  verb: 'heal',
  usage: 'heal',
  summary: 'Sandbox only: take the faults back.',
  sandboxOnly: true,
  run: (asked) => tellSandbox(asked, 'heal', {}),
};

async function tellSandbox({ lobby }: Asked, path: string, body: object): Promise<Reply> {
  const { sandbox } = lobby.counter.context.config;
  if (sandbox === undefined) {
    return say('This works in the sandbox only.');
  }
  const answer = await fetch(`${sandbox.controlUrl}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(SANDBOX_TIMEOUT_MS),
  });
  return say(said.parse(await answer.json()).text);
}
