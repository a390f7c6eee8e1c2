import { acknowledge } from '../../approvals/incidents.ts';
import { type Command, type Reply, say } from './common/command.ts';

/** `/rabbit ack`: the typed form of "I'm on it". */
export const ack: Command = {
  verb: 'ack',
  usage: 'ack <incident>',
  summary: 'Take an incident: you become its owner.',
  takes: 1,
  async run({ listener, caller, words: [id] }): Promise<Reply> {
    return id === undefined
      ? say('Which incident? For example /rabbit ack INC-0001.')
      : say((await acknowledge(listener.transitions, id.toUpperCase(), caller)).text);
  },
};
