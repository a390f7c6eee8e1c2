import { type Fault, restartBroken, serviceNamed } from './fault.ts';

const deaf = new Set<number>();

/** A service's process lives, keeps its connection and its subscriptions, but answers no request. */
export const deafService: Fault = {
  name: 'deaf-service',
  title: 'a nova-compute stays connected and subscribed, but answers no request',
  async make(broken) {
    const victim = serviceNamed(broken, 'nova-compute');
    victim.order({ do: 'hang' });
    deaf.add(victim.pid());
    return `nova-compute (${victim.host}, pid ${victim.pid()}) takes requests and answers none. No queue grows yet.`;
  },
  heal: (broken) => restartBroken(broken, deaf),
};
