import { definite, openManagement, openMetrics } from '../../rpc/index.ts';
import {
  bindActions,
  type Clock,
  type ClusterPorts,
  type CollectNode,
  type ConsumersAsked,
  collectSnapshot,
  emptyHistory,
  type History,
  type HostExecutor,
  lookAt,
  noProbes,
  type Observation,
  type ProbeHistory,
  remember,
} from '../../runbooks/index.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { ClusterHandle } from '../context.ts';
import { managementOf, tlsOf } from './cluster-transport.ts';
import { openProber } from './probing.ts';

/** A sweep ends after this, whatever the nodes do. */
const LONGEST_SWEEP_MS = 10_000;
/** Even where the schedule is tight: a broker in trouble answers slowly, and that is when it matters. */
const SHORTEST_SWEEP_MS = 5_000;
const SWEEP_SHARE = 0.8;
const LOOK_MS = 15_000;

/** Share of the interval that a sweep may take, so that sweeps do not queue up. */
export const sweepDeadlineMs = (intervalMs: number): number =>
  Math.min(LONGEST_SWEEP_MS, Math.max(SHORTEST_SWEEP_MS, intervalMs * SWEEP_SHARE));

export interface OpenCluster extends ClusterHandle {
  close(): Promise<void>;
}

/** Opens the ports to one cluster. Nothing is sent before the first question. */
export function openCluster(options: {
  readonly config: ClusterConfig;
  readonly hosts: HostExecutor;
  readonly clock: Clock;
  readonly sweepMs: number;
  /** The stored memory of earlier sweeps; none where there is no store. */
  readonly history: () => Promise<History | undefined>;
  /** What the scheduled probes found; none where there is no store. */
  readonly probes?: () => Promise<ProbeHistory | undefined>;
}): OpenCluster {
  const { config, hosts, clock, sweepMs, history, probes = async () => undefined } = options;
  const { settings } = config;
  const nodes: readonly CollectNode[] = config.nodes.map((node) => ({
    name: node.name,
    management: openManagement(managementOf(config, node)),
    ...(node.prometheus === undefined
      ? {}
      : { metrics: openMetrics({ node: node.name, url: node.prometheus, tls: tlsOf(config) }) }),
    ...definite({ epmd: node.epmd }),
  }));
  const management = nodes.map((node) => node.management);
  const prober = openProber(config, management);
  const ports: ClusterPorts = { settings, management, hosts, clock, probe: prober.probe };

  let newest: Observation | undefined;
  const observe = async (consumers: ConsumersAsked): Promise<Observation> => {
    const deadlineMs = sweepDeadlineMs(sweepMs);
    const [before, probed, snapshot] = await Promise.all([
      history(),
      probes(),
      collectSnapshot({
        cluster: settings.name,
        nodes,
        deadlineMs,
        consumers,
        typesAbove: settings.detection.backlogReady,
        clock,
      }),
    ]);
    newest = {
      snapshot,
      history: remember(before ?? emptyHistory, snapshot),
      probes: probed ?? noProbes,
      settings,
    };
    return newest;
  };

  return {
    config,
    ports,
    actions: bindActions(ports),
    observe,
    async lately(withinMs) {
      const isFresh = newest !== undefined && clock.now() - newest.snapshot.takenAtMs <= withinMs;
      return isFresh && newest !== undefined ? newest : await observe('counted');
    },
    listen: (wanted) => prober.listen(wanted),
    answer: (looks) => lookAt(looks, ports, { deadlineMs: LOOK_MS }),
    close: () => prober.close(),
  };
}
