import { readForPeople } from '../../digest/read-digest.ts';
import { digestMessage } from '../cards/digest-message.ts';
import { postDigestFor } from '../send/post-digest.ts';
import { type Command, type Reply, say } from './common/command.ts';

/** The digest, to the one who asks or for the channel. Neither moves where the next scheduled one begins. */
export const digest: Command = {
  verb: 'digest',
  usage: 'digest [now]',
  summary: 'Show what happened since the last digest, to you alone; “now” posts it to this channel.',
  takes: 1,
  async run({ listener, caller, channel, words: [word] }): Promise<Reply> {
    const { context } = listener.transitions;
    if (word === undefined) {
      return digestMessage(await readForPeople(context));
    }
    if (word.toLowerCase() !== 'now') {
      return say(
        `I do not understand “${word}”. /rabbit digest shows it to you, /rabbit digest now posts it to this channel.`,
      );
    }
    await postDigestFor(context, listener.port, { channel, by: caller.user });
    return say('The digest is posted.');
  },
};
