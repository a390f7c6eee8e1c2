import { type Fault, restartBroken, serviceNamed } from './fault.ts';

const hanging = new Set<number>();

/** A consumer hangs: connected and subscribed, it processes nothing, and its queue fills. */
export const backlog: Fault = {
  name: 'backlog',
  title: 'cinder-volume hangs, connected and subscribed, while messages keep coming',
  async make(broken) {
    const victim = serviceNamed(broken, 'cinder-volume');
    victim.order({ do: 'hang' });
    hanging.add(victim.pid());
    for (const service of broken.services.filter(({ name }) => name === 'cinder-scheduler')) {
      service.order({
        do: 'flood',
        kind: 'cast',
        topic: 'cinder-volume',
        method: 'create_volume',
        perSecond: 100,
        count: 600,
      });
    }
    return `cinder-volume (pid ${victim.pid()}) no longer finishes any message, and its queue fills.`;
  },
  async heal(broken) {
    const said = await restartBroken(broken, hanging);
    return said === undefined ? undefined : `${said} Its queue drains now.`;
  },
};
