import { postDigest } from '../../digest/post-digest.ts';
import { type Command, say } from './command.ts';

/** The digest, now, for the channel. */
export const digest: Command = {
  verb: 'digest',
  usage: 'digest [now]',
  summary: 'Post the digest to this channel now.',
  async run({ lobby, channel }) {
    await postDigest(lobby.counter.context, lobby.port, { channel });
    return say('The digest is posted.');
  },
};
