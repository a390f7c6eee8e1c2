import type { SlackMessage, SlackPort, Urgency } from '../../ports/slack.ts';
import { NotifiedElsewhere, SlackRefused } from '../../ports/slack-errors.ts';
import type { Lease } from '../../stores/lease.ts';
import type { OnceStore } from '../../stores/stores.ts';
import type { Rendered } from '../message/blocks.ts';

/** How long the marker of a post stands: longer than a message that Slack does not take is tried. */
const POSTING_MARKER_MS = 24 * 3_600_000;

/** Slack's words for "this message is not there any more, or can no longer be edited". */
const lostCodes = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** Posts each message once, whoever dies in between, and edits it in place. */
export interface Poster {
  /**
   * A process that died between posting and writing down where, or that heard no answer, would post a second time. The marker
   * says that somebody has tried before; then the channel or the thread is asked first. `isOld`: it was there already.
   */
  postOnce(
    lease: Lease,
    message: SlackMessage,
    found: { readonly marker: string; readonly blocks: string },
  ): Promise<{ readonly ts: string; readonly isOld: boolean }>;
  /** False when the message is gone, so that it is posted anew. */
  wasUpdated(channel: string, ts: string, message: Rendered, urgency?: Urgency): Promise<boolean>;
}

/** A poster by one port; the marks of what was posted outlive the process. */
export function createPoster({
  slack,
  once,
}: {
  readonly slack: SlackPort;
  readonly once: Pick<OnceStore, 'first'>;
}): Poster {
  return {
    async postOnce(lease, message, { marker, blocks }) {
      const isFirst = await once.first(marker, POSTING_MARKER_MS);
      const found = isFirst ? undefined : await slack.findMessage(message.channel, blocks, message.threadTs);
      if (found !== undefined) {
        return { ts: found, isOld: true };
      }
      if (!lease.isHeld()) {
        throw new NotifiedElsewhere('This process paused; another one may be posting by now');
      }
      return { ...(await slack.postMessage(message)), isOld: false };
    },
    async wasUpdated(channel, ts, message, urgency = 'normal') {
      try {
        await slack.updateMessage({ ...message, channel, ts, urgency });
        return true;
      } catch (error) {
        if (error instanceof SlackRefused && lostCodes.has(error.code)) {
          return false;
        }
        throw error;
      }
    },
  };
}
