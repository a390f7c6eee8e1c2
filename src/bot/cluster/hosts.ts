import { definite } from '../../rpc/index.ts';
import {
  type Clock,
  type OpenHosts as Executor,
  type HostAnswer,
  type HostExecutor,
  type HostMemory,
  openHosts,
} from '../../runbooks/index.ts';
import type { BotConfig } from '../config/config.ts';
import { redact } from '../process/redact.ts';
import { openAgents } from './agents.ts';

export interface ConfiguredHosts {
  readonly executor: Executor;
  close(): Promise<void>;
}

/** The configured hosts with every way to them. Nothing is connected before the first question. */
export function openConfiguredHosts(
  { hosts, agents: broker }: Pick<BotConfig, 'hosts' | 'agents'>,
  clock: Clock,
): ConfiguredHosts {
  const agents = broker && openAgents({ ...broker, clock });
  const executor = openHosts(hosts, definite({ agents: agents?.port }));
  return {
    executor: { ...executor, ...redactedHosts(executor) },
    close: async () => {
      await Promise.all([executor.close(), agents?.close()]);
    },
  };
}

/**
 * The same hosts; what a failed command printed holds no secret. It is only shown, and cut where it is shown: taken out later,
 * half a secret would stay.
 */
export function redactedHosts(hosts: HostExecutor): HostExecutor {
  const { recall } = hosts;
  return {
    argvOf: (request) => hosts.argvOf(request),
    run: async (request, limits) => clean(await hosts.run(request, limits)),
    ...(recall === undefined
      ? {}
      : { recall: async (request, limits) => cleanMemory(await recall.call(hosts, request, limits)) }),
  };
}

const clean = (answer: HostAnswer): HostAnswer =>
  answer.kind === 'failed' ? { ...answer, output: redact(answer.output) } : answer;

const cleanMemory = (memory: HostMemory): HostMemory =>
  memory.kind === 'answered' ? { ...memory, answer: clean(memory.answer) } : memory;
