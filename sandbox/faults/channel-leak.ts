import { type Fault, restartBroken, serviceNamed } from './fault.ts';

const CHANNELS_PER_SECOND = 50;
const CHANNELS = 600;

const leaking = new Set<number>();

/** A service opens channels after an error and never closes them (oslo.messaging bug 1406629). */
export const channelLeak: Fault = {
  name: 'channel-leak',
  title: 'a nova-compute opens 50 channels a second on its connection and keeps them',
  async make(broken) {
    const victim = serviceNamed(broken, 'nova-compute');
    victim.order({ do: 'leak', perSecond: CHANNELS_PER_SECOND, upTo: CHANNELS });
    leaking.add(victim.pid());
    return (
      `nova-compute (${victim.host}, pid ${victim.pid()}) now opens ${CHANNELS_PER_SECOND} channels a second, ` +
      `up to ${CHANNELS}, and closes none.`
    );
  },
  heal: (broken) => restartBroken(broken, leaking),
};
