import {
  BrokerUnreachable,
  getRpcClient,
  getTransport,
  MessageUndeliverable,
  reasonOf,
  Target,
  TopologyConflict,
} from '../../rpc/index.ts';
import { type AgentPort, agentAddress, type Carried, type Clock } from '../../runbooks/index.ts';

/** The bot's way to the agents of all hosts: one connection, opened when it is first needed. */
export interface Agents {
  readonly port: AgentPort;
  close(): Promise<void>;
}

/** Longest time until the broker is there: whoever cannot reach it shall not wait a restart's time to hear so. */
const CONNECT_MS = 10_000;

export function openAgents(options: { readonly transportUrl: string; readonly clock: Clock }): Agents {
  const transport = getTransport(options.transportUrl, {
    controlExchange: agentAddress.exchange,
    connectionName: 'watership',
  });
  const { exchange, topic, version } = agentAddress;
  const agents = getRpcClient(transport, new Target({ exchange, topic, version }), { mandatory: true });

  async function call(
    ...[host, method, args, { timeoutMs, signal }]: Parameters<AgentPort['call']>
  ): Promise<Carried> {
    try {
      if (signal?.aborted) {
        return calledOff;
      }
      await transport.connect(Math.min(timeoutMs, CONNECT_MS));
      // Connecting takes its time: whoever has been told that it is over must not see it done after that.
      if (signal?.aborted) {
        return calledOff;
      }
      const answer = agents.prepare({ server: host, timeoutMs }).call({}, method, args);
      return { kind: 'answered', reply: await unlessAborted(answer, signal) };
    } catch (error) {
      return failureOf(host, error);
    }
  }

  return {
    port: { call, clock: options.clock },
    close: () => transport.cleanup(),
  };
}

const calledOff: Carried = { kind: 'not-sent', because: 'it was cancelled before it was sent' };

/** Only what surely reached no queue was surely not done. */
function failureOf(host: string, error: unknown): Carried {
  if (error instanceof MessageUndeliverable) {
    return { kind: 'not-sent', because: `no agent listens for ${host}: is watership-agent running there?` };
  }
  const because = reasonOf(error);
  const isUnsent = error instanceof BrokerUnreachable || error instanceof TopologyConflict;
  return isUnsent
    ? { kind: 'not-sent', because: `the broker of the agents: ${because}` }
    : { kind: 'no-answer', because };
}

function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal === undefined) {
    return answer;
  }
  let stop = (): void => {};
  const called = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('it was cancelled after it had been sent'));
    signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([answer, called]).finally(() => signal.removeEventListener('abort', stop));
}
