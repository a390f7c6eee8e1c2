import type { Observation } from '../../snapshot/observation.ts';
import { hostOf, unitOf } from '../../snapshot/owners.ts';
import { type ConsumedQueue, consumersOf, type RestartTarget } from '../common/consumers.ts';

/**
 * What to restart so that all readers of one server's queue start anew. Several processes of one service on one host are
 * its workers: they are one restart, of the service and not of each process.
 */
export function workersOf(now: Observation, queue: ConsumedQueue): readonly RestartTarget[] {
  const services = new Map<string, RestartTarget>();
  for (const reader of consumersOf(now, queue)) {
    const host = hostOf(reader);
    if (reader.entry === undefined || host === undefined) continue;
    const unit = unitOf(reader.entry, host);
    const key = `${host}\u0000${unit}`;
    const isAlone = !services.has(key);
    const pid = isAlone && reader.pid !== undefined ? { pid: reader.pid } : {};
    services.set(key, {
      id: isAlone ? reader.id : `${reader.entry.name}@${host}`,
      service: reader.entry.name,
      because: `it reads ${queue.name} and answers no probe`,
      isSilent: true,
      call: { action: 'service.restart', args: { host, service: unit, ...pid } },
    });
  }
  return [...services.values()];
}
