import type { Caller } from '../../../approvals/rules/caller.ts';
import type { KnownBlock } from '../../../ports/slack-blocks.ts';
import { linesSection, notification, plainSection } from '../../message/blocks.ts';
import type { ListenerContext } from '../../requests/listener-context.ts';

/** One verb of `/rabbit`. */
export interface Command {
  readonly verb: string;
  /** How it is typed, without `/rabbit`: `run <runbook> <subject>`. */
  readonly usage: string;
  /** One line for the help. */
  readonly summary: string;
  /** How many words it takes at most; more are not ignored, but asked about. @default any number */
  readonly takes?: number;
  /** Only where the newcomer's sandbox is at hand. */
  readonly sandboxOnly?: boolean;
  run(asked: CommandCall): Promise<Reply>;
}

/** What somebody typed, and from where. */
export interface CommandCall {
  readonly listener: ListenerContext;
  readonly caller: Caller;
  /** The channel it was typed in. */
  readonly channel: string;
  /** The words after the verb, without a `share` at the end. */
  readonly words: readonly string[];
  /** Says something to the one who asked before the answer is there. */
  readonly meanwhile?: (text: string) => Promise<void>;
}

/** An answer: shown to the one who asked, or to the channel when they said `share`. */
export interface Reply {
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
  /** Nothing was found or done, so there is nothing to share. */
  readonly isPrivate?: boolean;
}

/** The same in several lines: the breaks are ours. */
export function sayLines(lines: readonly string[]): Reply {
  return {
    text: notification(lines.join(' ')),
    blocks: [linesSection(undefined, lines)],
    isPrivate: true,
  };
}

export function say(text: string): Reply {
  return { text: notification(text), blocks: [plainSection(text)], isPrivate: true };
}
