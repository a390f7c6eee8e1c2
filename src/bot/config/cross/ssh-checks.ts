import type { Environment } from '../../process/environment.ts';
import { allNearest } from '../file/nearest.ts';
import type { CrossProblem } from '../file/problem.ts';
import { AGENT_VARIABLE } from '../schema/host-schema.ts';
import type { CrossHost, CrossView } from './cross-view.ts';

/** What the SSH hosts need from each other and from the environment. */
export function* sshHosts({ hosts = {} }: CrossView, environment: Environment): Iterable<CrossProblem> {
  for (const [name, host] of Object.entries(hosts)) {
    if (host.via !== 'ssh') {
      continue;
    }
    yield* agentSocket(name, host, environment);
    yield* jump(name, host, hosts);
    if (host.address === undefined && !dialable.test(name)) {
      yield {
        path: ['hosts', name, 'address'],
        expected: `an address, because ${JSON.stringify(name)} is none`,
        came: 'nothing',
        cure: 'add address',
      };
    }
  }
}

const dialable = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/;

function* agentSocket(name: string, { agent }: CrossHost, environment: Environment): Iterable<CrossProblem> {
  if (agent !== true || environment.read(AGENT_VARIABLE)) {
    return;
  }
  yield {
    path: ['hosts', name, 'agent'],
    expected: `an SSH agent that ${AGENT_VARIABLE} names`,
    came: `nothing: the environment variable ${AGENT_VARIABLE} is not set`,
    cure: `start the bot where ${AGENT_VARIABLE} is set, or write the path of the agent's socket as agent`,
  };
}

function* jump(
  name: string,
  { jump: through }: CrossHost,
  hosts: Readonly<Record<string, CrossHost>>,
): Iterable<CrossProblem> {
  if (through === undefined) {
    return;
  }
  const path = ['hosts', name, 'jump'];
  const others = Object.keys(hosts).filter((other) => other !== name && hosts[other]?.via === 'ssh');
  if (!Object.hasOwn(hosts, through) || hosts[through]?.via !== 'ssh') {
    const [near] = allNearest(through, others);
    yield {
      path,
      expected: 'another entry of hosts with via: ssh',
      came: JSON.stringify(through),
      cure: near === undefined ? `add hosts.${through} with via: ssh` : `write ${near}`,
    };
    return;
  }
  const way = [name];
  for (let at: string | undefined = through; at !== undefined; at = hosts[at]?.jump) {
    const isRound = way.includes(at);
    way.push(at);
    // A circle that this host only leads into is told at the hosts that are on it.
    if (isRound && at !== name) {
      return;
    }
    if (!isRound) {
      continue;
    }
    yield {
      path,
      expected: 'a chain of jump hosts that ends at a host without jump',
      came: `the loop ${way.join(' → ')}`,
      cure: 'remove jump from the host that can be reached directly',
    };
    return;
  }
}
