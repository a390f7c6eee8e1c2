import { definite } from '../../definite.ts';
import { ignoring } from '../../snapshot/families.ts';
import { queueKey } from '../../snapshot/history.ts';
import type { Observation } from '../../snapshot/observation.ts';
import { entryOfQueue } from '../../snapshot/owners.ts';
import type { ProbeSample, ProbeTrack } from '../../snapshot/probe-history.ts';
import { isRpcQueue, rpcNameOf } from '../../snapshot/rpc-queues.ts';
import type { QueueSeen } from '../../snapshot/snapshot.ts';

/** A queue of a service whose newest probe went wrong: something to look at more closely. */
export interface Suspect {
  readonly track: ProbeTrack;
  readonly row: QueueSeen;
  readonly topic: string;
  /** Vhost and topic: what is of one topic has one cause, and one card. */
  readonly group: string;
  /** The entry under `services` that it belongs to. */
  readonly service?: string;
}

/** The queues whose newest probe had this verdict, after so many probes at least; and the rows of all queues by their keys. */
export function suspectsOf(
  { snapshot, probes, settings }: Observation,
  verdict: ProbeSample['verdict'],
  leastProbes: number,
): { readonly suspects: readonly Suspect[]; readonly rows: ReadonlyMap<string, QueueSeen> } {
  const tracks = Object.entries(probes.tracks).filter(
    ([, { samples }]) => samples.at(-1)?.verdict === verdict && samples.length >= leastProbes,
  );
  // Nearly every sweep ends here.
  if (tracks.length === 0) {
    return { suspects: [], rows: new Map() };
  }
  const rows = new Map(snapshot.queues.rows.map((row) => [queueKey(row.vhost, row.name), row]));
  const isIgnored = ignoring(settings.detection.ignoreQueues);
  const suspects = tracks.flatMap(([key, track]): readonly Suspect[] => {
    const row = rows.get(key);
    if (row === undefined || !isRpcQueue(row) || isIgnored(row.name)) {
      return [];
    }
    const { topic } = rpcNameOf(row.name, (name) => rows.has(queueKey(row.vhost, name)));
    const service = entryOfQueue(row.name, settings)?.name;
    const group = queueKey(row.vhost, topic);
    return [{ track, row, topic, group, ...definite({ service }) }];
  });
  return { suspects, rows };
}
