import { type Clock, type OpenHosts as Executor, openHosts } from '../runbooks/index.ts';
import { openAgents } from './agents.ts';
import type { BotConfig } from './config/config.ts';

export interface OpenHosts {
  readonly executor: Executor;
  close(): Promise<void>;
}

/** The configured hosts with every way to them. Nothing is connected before the first question. */
export function openConfiguredHosts(
  { hosts, agents: broker }: Pick<BotConfig, 'hosts' | 'agents'>,
  clock: Clock,
): OpenHosts {
  const agents = broker && openAgents({ ...broker, clock });
  const executor = openHosts(hosts, agents === undefined ? {} : { agents: agents.port });
  return {
    executor,
    close: async () => {
      await Promise.all([executor.close(), agents?.close()]);
    },
  };
}
