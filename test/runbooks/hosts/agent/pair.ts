import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentPort,
  type AgentQuestion,
  askAgent,
  type Carried,
} from '../../../../src/runbooks/hosts/agent/ask-agent.ts';
import { type JournalLimits, openJournal } from '../../../../src/runbooks/hosts/agent/journal.ts';
import { type AgentSettings, openAgent, type Told } from '../../../../src/runbooks/hosts/agent/open-agent.ts';
import type { AgentMethod } from '../../../../src/runbooks/hosts/agent/protocol.ts';
import type { HostAnswer, HostLimits } from '../../../../src/runbooks/index.ts';

export const KEY = '0123456789abcdef0123456789abcdef';
export const OTHER_KEY = 'fedcba9876543210fedcba9876543210';

export const settings: AgentSettings = {
  host: 'compute-7',
  keys: [KEY],
  commands: {
    'service.restart': [process.execPath, '-p', '"restarted {service}"'],
    'service.status': [process.execPath, '-p', '"active"'],
  },
  allow: { restart: ['nova-compute'], status: ['neutron-agent'], read: ['/etc/hostname'] },
  commandMs: 20_000,
};

/** Noon of some day: journals begin an hour before. */
export const NOON_MS = 1_800_000_000_000;

/** A clock that stands still until it is told. */
export interface HeldClock {
  nowMs: number;
  readonly port: AgentPort['clock'];
}

export function heldClock(nowMs = NOON_MS): HeldClock {
  const clock: HeldClock = {
    nowMs,
    port: {
      now: () => clock.nowMs,
      sleep: async (ms) => {
        clock.nowMs += ms;
      },
    },
  };
  return clock;
}

/** A message as it went over the wire. */
export interface Sent {
  readonly host: string;
  readonly method: string;
  readonly text: string;
}

export interface Pair extends AsyncDisposable {
  readonly clock: HeldClock;
  /** What the agent's clock is ahead of the bot's, milliseconds. */
  agentAheadMs: number;
  readonly folder: string;
  readonly sent: Sent[];
  readonly told: Told[];
  /** Stands between the two: what the bot gets to hear instead. */
  onTheWay: (sent: Sent, deliver: () => Promise<unknown>) => Promise<Carried>;
  readonly port: AgentPort;
  /** Hands the agent the bytes of a message, as a broker would. */
  deliver(sent: Sent): Promise<unknown>;
  /** The agent's process dies and comes again on the same journal. */
  restart(changes?: Partial<AgentSettings>, limits?: JournalLimits): Promise<void>;
  ask(asked: AgentQuestion, limits?: HostLimits, keys?: readonly [string, ...string[]]): Promise<HostAnswer>;
}

/** A bot and an agent with nothing but JSON between them. */
export async function pair(changes: Partial<AgentSettings> = {}): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-'));
  const clock = heldClock(NOON_MS - 3_600_000);
  let current: Awaited<ReturnType<typeof begin>>;

  async function begin(own: Partial<AgentSettings>, limits: JournalLimits = {}) {
    const now = () => clock.nowMs + both.agentAheadMs;
    const journal = await openJournal({ folder, now, ...limits });
    const tell = (told: Told) => both.told.push(told);
    return { journal, agent: openAgent({ ...settings, ...own }, { journal, now, tell }) };
  }

  const both: Pair = {
    clock,
    agentAheadMs: 0,
    folder,
    sent: [],
    told: [],
    onTheWay: async (_, deliver) => ({ kind: 'answered', reply: await deliver() }),
    port: {
      clock: clock.port,
      call: async (host, method, args) => {
        const sent = { host, method, text: JSON.stringify(args) };
        both.sent.push(sent);
        return await both.onTheWay(sent, () => both.deliver(sent));
      },
    },
    deliver: async ({ method, text }) => {
      const reply = await current.agent.answer(method as AgentMethod, JSON.parse(text));
      return JSON.parse(JSON.stringify(reply));
    },
    async restart(own = changes, limits = {}) {
      await current.journal.close();
      current = await begin(own, limits);
    },
    ask: (asked, limits = { timeoutMs: 30_000 }, keys = [KEY]) =>
      askAgent(both.port, { host: settings.host, keys }, asked, limits),
    async [Symbol.asyncDispose]() {
      await current.journal.close();
      await rm(folder, { recursive: true });
    },
  };
  current = await begin(changes);
  clock.nowMs = NOON_MS;
  return both;
}

/** A restart that a run has written down. */
export const restartOf = (
  both: Pair,
  id = 'prod/RUN-0001/1/0/1',
  service = 'nova-compute',
): AgentQuestion => ({
  operation: 'service.restart',
  args: { service },
  argv: [process.execPath, '-p', `"restarted ${service}"`],
  entry: { id, intendedAtMs: both.clock.nowMs },
});
