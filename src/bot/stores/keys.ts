/**
 * Every key of one installation. The braces are a hash tag: a Redis Cluster keeps all of them in one slot, so that one script
 * may touch several.
 */
export interface Keys {
  readonly sequence: (kind: 'incident' | 'run') => string;
  readonly item: (kind: 'incident' | 'run', id: string) => string;
  /** All items of a kind by the time of their last great change. */
  readonly recent: (kind: 'incident' | 'run') => string;
  /** Incident key → id, of one cluster's open incidents: a trouble has one open incident. */
  readonly open: (cluster: string) => string;
  /** Ids of the runs that still want something. */
  readonly active: string;
  readonly timeline: (incident: string) => string;
  /** A stream whose ids are the numbers of the entries. */
  readonly audit: string;
  /** How far the mirror file has come. */
  readonly mirrored: string;
  /** Incidents whose message is behind the state, by the mark of the newest change. */
  readonly pendingUpdates: string;
  /** Incident → when its message was first seen to be behind. */
  readonly untoldSince: string;
  readonly mark: string;
  readonly memory: (cluster: string) => string;
  readonly probes: (cluster: string) => string;
  readonly card: (incident: string) => string;
  readonly lease: (name: string) => string;
  readonly fence: string;
  /** The newest grant of a lease: whoever holds an older one may write nothing any more. */
  readonly token: (name: string) => string;
  readonly once: (key: string) => string;
  readonly halts: string;
  /** Where it is published that a halt was set or ended. */
  readonly turned: string;
  /** Failed runs of a cluster within the hour, for the circuit breaker. */
  readonly failureWindow: (cluster: string) => string;
  /** Deletions of a cluster within the hour. */
  readonly deletions: (cluster: string) => string;
  readonly maintenance: string;
  readonly homes: string;
}

export function keysFor(prefix: string): Keys {
  const key = (...parts: readonly string[]): string => [`{${prefix}}`, ...parts].join(':');
  return {
    sequence: (kind) => key('sequence', kind),
    item: (kind, id) => key(kind, id),
    recent: (kind) => key('recent', kind),
    open: (cluster) => key('open', cluster),
    active: key('active-runs'),
    timeline: (incident) => key('timeline', incident),
    audit: key('audit-chain'),
    mirrored: key('audit-mirrored'),
    pendingUpdates: key('untold'),
    untoldSince: key('untold-since'),
    mark: key('untold-mark'),
    memory: (cluster) => key('memory', cluster),
    probes: (cluster) => key('probes', cluster),
    card: (incident) => key('card', incident),
    lease: (name) => key('lease', name),
    fence: key('fence'),
    token: (name) => key('token', name),
    once: (name) => key('once', name),
    halts: key('halts'),
    turned: key('turned'),
    failureWindow: (cluster) => key('strain', cluster),
    deletions: (cluster) => key('deletions', cluster),
    maintenance: key('maintenance'),
    homes: key('homes'),
  };
}
