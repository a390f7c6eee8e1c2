import {
  definite,
  type ManagementApi,
  type ProbeKind,
  type ProbeResult,
  probeService,
  type TapOptions,
  type TappedMessage,
  Target,
  type Transport,
  tap,
} from '../../rpc/index.ts';
import type { ClusterPorts, ProbeAnswer, ServiceSettings } from '../../runbooks/index.ts';
import { entryOfQueue } from '../../runbooks/index.ts';
import type { ClusterConfig } from '../config/config.ts';
import { clusterTransport } from './cluster-transport.ts';
import { type Route, routeTo } from './route.ts';

/** RPC probes and taps of one cluster: a connection for each vhost, opened when it is first asked for. */
export interface Prober {
  readonly probe: ClusterPorts['probe'];
  listen(wanted: TapOptions & { readonly vhost?: string }): AsyncGenerator<TappedMessage, void>;
  close(): Promise<void>;
}

/** A living service answers in milliseconds: who is silent for this long is taken for deaf. */
const LONGEST_PROBE_MS = 5_000;
/** Share of a probe's time for finding the exchange that routes to the queue. */
const EXCHANGE_SHARE = 0.25;

export function openProber(config: ClusterConfig, management: readonly ManagementApi[]): Prober {
  const transports = new Map<string, Transport>();
  const transportFor = (vhost: string): Transport => {
    const known = transports.get(vhost);
    if (known) {
      return known;
    }
    const opened = clusterTransport(config, vhost);
    transports.set(vhost, opened);
    return opened;
  };
  return {
    async probe({ topic, server, vhost = config.vhost, exchange: known, timeoutMs: allowedMs }) {
      const timeoutMs = Math.min(LONGEST_PROBE_MS / (1 - EXCHANGE_SHARE), allowedMs);
      const queue = server === undefined ? topic : `${topic}.${server}`;
      const entry = entryOfQueue(queue, config.settings);
      const prefer = known ?? entry?.exchange;
      const route = () =>
        routeTo(management, { vhost, queue, ...definite({ prefer }) }, timeoutMs * EXCHANGE_SHARE);
      const ask = (exchange: string | undefined): Promise<ProbeResult> => {
        const target = {
          topic,
          ...definite({ server, exchange }),
        };
        const { kind, version } = mannerOf(entry);
        return probeService(transportFor(vhost), new Target({ ...target, ...definite({ version }) }), {
          kind,
          timeoutMs: timeoutMs * (1 - EXCHANGE_SHARE),
        });
      };

      const learned = prefer === undefined ? await route() : undefined;
      const asked = prefer ?? learned?.exchange;
      const result = await ask(asked);
      if (result.verdict !== 'absent') {
        return answerOf(result, asked);
      }
      // It may have moved since; and what leads to it now says whether anything does.
      const now = learned ?? (await route());
      if (now?.exchange !== undefined && now.exchange !== asked) {
        return answerOf(await ask(now.exchange), now.exchange, now);
      }
      return absent(result, asked, now);
    },
    listen: ({ vhost = config.vhost, ...wanted }) => tap(transportFor(vhost), wanted),
    close: async () => {
      await Promise.all([...transports.values()].map((transport) => transport.cleanup()));
    },
  };
}

function answerOf(
  { verdict, tookMs, how, consumers }: ProbeResult,
  exchange: string | undefined,
  route?: Route,
): ProbeAnswer {
  const isReached = verdict === 'alive' || verdict === 'deaf';
  return {
    verdict,
    tookMs,
    how,
    ...definite({ consumers }),
    ...(isReached && exchange !== undefined ? { exchange } : {}),
    ...(verdict === 'absent' && route !== undefined ? { bindings: route.bindings } : {}),
  };
}

/** Nothing leads to it from where it was asked for. Where that was a guess, it says nothing about the service. */
function absent(result: ProbeResult, asked: string | undefined, route: Route | undefined): ProbeAnswer {
  if (asked === undefined && route === undefined) {
    const how = 'The exchange that routes to it is unknown: no management API answered.';
    return { verdict: 'unreachable', tookMs: result.tookMs, how };
  }
  if (asked !== undefined || result.consumers === undefined) {
    return answerOf(result, undefined, route);
  }
  const count = result.consumers === 1 ? '1 consumer' : `${result.consumers} consumers`;
  const how = `No exchange routes to it under its own name, although it has ${count}.`;
  return { ...answerOf(result, undefined, route), how };
}

/** Every nova service answers this ping; any other question would leave a line in its log, for its versions begin above 1. */
const NOVA = /^nova-/;

/** How the service of this entry is asked. */
function mannerOf(entry: ServiceSettings | undefined): {
  readonly kind: ProbeKind;
  readonly version?: string;
} {
  const { probe, rpcVersion, name = '' } = entry ?? {};
  const version = rpcVersion === undefined ? {} : { version: rpcVersion };
  if (probe !== undefined && probe !== 'off') {
    return { kind: probe, ...version };
  }
  return { kind: rpcVersion === undefined && NOVA.test(name) ? 'baseapi' : 'auto', ...version };
}
