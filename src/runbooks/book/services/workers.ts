import type { Observation } from '../../snapshot/observation.ts';
import { hostOf, unitOf } from '../../snapshot/owners.ts';
import { type ConsumedQueue, consumersOf, type RestartTarget } from '../common/consumers.ts';

/**
 * Services to restart so that all consumers of one server's queue start anew. Several processes of one service on one host
 * are its workers: they are one restart, of the service and not of each process.
 */
export function workersOf(now: Observation, queue: ConsumedQueue): readonly RestartTarget[] {
  const services = new Map<string, RestartTarget>();
  for (const consumer of consumersOf(now, queue)) {
    const host = hostOf(consumer);
    if (consumer.entry === undefined || host === undefined) {
      continue;
    }
    const unit = unitOf(consumer.entry, host);
    const key = `${host}\u0000${unit}`;
    const isAlone = !services.has(key);
    const pid = isAlone && consumer.pid !== undefined ? { pid: consumer.pid } : {};
    services.set(key, {
      id: isAlone ? consumer.id : `${consumer.entry.name}@${host}`,
      service: consumer.entry.name,
      because: `it consumes ${queue.name} and answers no probe`,
      isSilent: true,
      call: { action: 'service.restart', args: { host, service: unit, ...pid } },
    });
  }
  return [...services.values()];
}
