import type { ManagementApi } from '../../../rpc/index.ts';
import type { Clock } from '../../clock.ts';
import type { HostExecutor } from '../../hosts/common/host.ts';
import type { ClusterSettings } from '../../snapshot/observation.ts';

/** Everything an action or a look may touch of one cluster. Tests hand in fakes; the bot hands in the real ones. */
export interface ClusterPorts {
  readonly settings: ClusterSettings;
  /** One API a configured node, in the order of the configuration. */
  readonly management: readonly ManagementApi[];
  readonly hosts: HostExecutor;
  /** An RPC probe through the messaging core. */
  readonly probe: (request: {
    readonly topic: string;
    readonly server?: string;
    readonly vhost?: string;
    /** Where it is bound, if that is known; it is found out otherwise. */
    readonly exchange?: string;
    readonly timeoutMs: number;
  }) => Promise<ProbeAnswer>;
  readonly clock: Clock;
}

/** Result of an RPC probe. */
export interface ProbeAnswer {
  readonly verdict: 'alive' | 'deaf' | 'absent' | 'unreachable';
  readonly tookMs: number;
  readonly how: string;
  /** Consumers of its queue, where they were counted. */
  readonly consumers?: number;
  /** The exchange that leads to its queue, where one does. */
  readonly exchange?: string;
  /** Where no route led to it: what bindings its queue has. Absent: they could not be read. */
  readonly bindings?: 'own' | 'other' | 'none';
}
