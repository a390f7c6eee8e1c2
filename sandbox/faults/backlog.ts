import { type Fault, serviceNamed } from './fault.ts';

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
  async heal({ services }) {
    const still = services.filter((service) => hanging.has(service.pid()));
    hanging.clear();
    if (still.length === 0) return undefined;
    for (const service of still) await service.restart();
    return `Restarted: ${still.map(({ name, host }) => `${name} (${host})`).join(', ')}. Its queue drains now.`;
  },
};
