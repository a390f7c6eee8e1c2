import { z } from 'zod';
import { nearest } from '../../config/file/nearest.ts';
import { type Command, type CommandCall, type Reply, say, sayLines } from './common/command.ts';

const said = z.object({ text: z.string() });
/** Making or healing a fault starts and stops real nodes. */
const SANDBOX_TIMEOUT_MS = 120_000;

/** `/rabbit break`: breaks the sandbox's cluster on purpose. */
export const breakIt: Command = {
  verb: 'break',
  usage: 'break <fault>',
  summary: 'Sandbox only: break the cluster in one way.',
  takes: 1,
  sandboxOnly: true,
  run: (asked) => tellSandbox(asked, 'break', { fault: asked.words[0] ?? '' }),
};

export const heal: Command = {
  verb: 'heal',
  usage: 'heal [fault]',
  summary: 'Sandbox only: undo all faults, or one of them.',
  takes: 1,
  sandboxOnly: true,
  run: (asked) => tellSandbox(asked, 'heal', asked.words[0] === undefined ? {} : { fault: asked.words[0] }),
};

async function tellSandbox({ listener, words }: CommandCall, path: string, body: object): Promise<Reply> {
  const { sandbox } = listener.transitions.context.config;
  if (sandbox === undefined) {
    return say('This works in the sandbox only.');
  }
  const answer = await fetch(`${sandbox.controlUrl}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(SANDBOX_TIMEOUT_MS),
  });
  const [first = '', ...more] = said.parse(await answer.json()).text.split('\n');
  const fault = words[0];
  if (answer.ok || path !== 'break' || more.length === 0) {
    return sayLines([first, ...more]);
  }
  // The sandbox lists what it can break, one fault a line.
  const faults = more.map((line) => line.trim().split(/\s+/)[0] ?? '');
  const near = fault === undefined ? undefined : nearest(fault, faults);
  const hint = near === undefined ? '' : ` Did you mean /rabbit break ${near}?`;
  return sayLines([
    fault === undefined
      ? 'Which fault? For example /rabbit break partition.'
      : `No fault named “${fault}”.${hint}`,
    ...more.map(faultLine),
  ]);
}

/** Columns of spaces line up in a terminal only. */
const faultLine = (line: string): string => line.trim().replace(/\s{1,}/, ': ');
