import type { Logger } from 'pino';
import { definite, getRpcServer, getTransport, Target, type Transport } from '../../rpc/index.ts';
import {
  type Agent,
  type AgentMethod,
  agentAddress,
  agentMethods,
  type Clock,
  openAgent,
  openJournal,
  type Told,
} from '../../runbooks/index.ts';
import { exposedFiles } from '../config/file/exposed-files.ts';
import type { AgentConfig } from './agent-config.ts';
import { tellEvent } from './tell-event.ts';

/** Requests at a time: one host has little to do at once. */
const CONCURRENCY = 4;
const HEALTH_MS = 300_000;

export interface RunningAgent {
  /** Takes no more, finishes what runs and lets it be answered. */
  stop(): Promise<void>;
}

/** Starts the agent of this host. Returns once it listens; waits for the broker as long as it takes. */
export async function startAgent(
  config: AgentConfig,
  { log, clock, signal }: { readonly log: Logger; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<RunningAgent> {
  for (const { path, text } of exposedFiles(config.readFrom ?? [])) {
    log.warn(`${path}: ${text}`);
  }
  const now = () => clock.now();
  const journal = await openJournal({
    ...config.journal,
    now,
    onTrouble: (what) => log.error(`The journal: ${what}`),
  });
  const counts = { requests: 0, refused: 0 };
  const agent = openAgent(config, { journal, now, tell });
  const transport = getTransport(config.transportUrl, {
    controlExchange: agentAddress.exchange,
    connectionName: 'watership-agent',
    onEvent: (event) => tellEvent(log, event),
  });
  const target = new Target({ topic: agentAddress.topic, server: config.host });
  const server = getRpcServer(transport, target, [endpointOf(agent)], {
    executor: 'async',
    concurrency: CONCURRENCY,
  });
  try {
    await Promise.race([server.start(), aborted(signal)]);
  } catch (error) {
    await transport.cleanup();
    await journal.close();
    throw error;
  }
  log.info({ host: config.host, allow: config.allow, broker: transport.hosts }, 'The agent is ready');
  const health = setInterval(() => log.info(healthOf(transport), 'Health'), HEALTH_MS);

  return {
    async stop() {
      clearInterval(health);
      await server.stop();
      await server.wait();
      log.info(healthOf(transport), 'The agent has finished its running requests');
      await transport.cleanup();
      await journal.close();
    },
  };

  function tell(told: Told): void {
    counts.requests += 1;
    if (told.isRefused) {
      counts.refused += 1;
    }
    const isFine = told.outcome === 'done' || told.outcome === 'outcome';
    log[isFine ? 'info' : 'warn'](told, `${agentMethods[told.method]}: ${told.outcome}`);
  }

  function healthOf({ blockedBecause }: Transport) {
    return {
      ...counts,
      rememberedSince: new Date(journal.sinceMs).toISOString(),
      ...definite({ blockedBecause }),
    };
  }
}

/** The methods of the wire; each hands its message to the agent. */
function endpointOf(agent: Agent): object {
  const methods = (
    ['service_status', 'service_restart', 'host_facts', 'file_read', 'request_outcome'] as const
  ).map(
    (method: AgentMethod) => [method, (_: unknown, args: unknown) => agent.answer(method, args)] as const,
  );
  return { target: new Target({ version: agentAddress.version }), ...Object.fromEntries(methods) };
}

/** Rejects when somebody asks to stop before the broker was there. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('asked to stop before the broker could be reached'));
    if (signal?.aborted) {
      stop();
    }
    signal?.addEventListener('abort', stop, { once: true });
  });
}
