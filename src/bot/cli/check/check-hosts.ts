import { type HostSettings, type OpenHosts, programsOf, templatesOf } from '../../../runbooks/index.ts';
import type { BotConfig } from '../../config/config.ts';
import { bad, CHECK_LIMIT_MS, type Check, type CheckVerdict, ok, warning } from '../../ports/check-line.ts';
import { listed } from '../../wording/words.ts';
import { checkAgent } from './check-agents.ts';

/** Checks of hosts and agents: each is reached, and has the program of every operation. No operation is run. */
export function* hostChecks(config: Pick<BotConfig, 'hosts'>, hosts: OpenHosts): Iterable<Check> {
  for (const [name, host] of Object.entries(config.hosts)) {
    const ask = async () =>
      host.via === 'agent' ? await checkAgent(name, host, hosts) : await checkHost(name, host, hosts);
    yield { what: `host ${name}`, ask };
  }
}

async function checkHost(name: string, host: HostSettings, hosts: OpenHosts): Promise<CheckVerdict> {
  const programs = programsWithUsers(host);
  const sought = [...programs.values()].map((needed) => needed.sought);
  // Also with no program to look for: whether the host is reached is a question of its own.
  const found = await hosts.find(name, sought, { timeoutMs: CHECK_LIMIT_MS });
  return found.kind === 'unseen' ? bad(found.because) : verdictOf(host, programs, found.missing);
}

interface Needed {
  readonly sought: ReturnType<typeof programsOf>[number];
  readonly users: string[];
}

/** Programs with the operations that run them. */
function programsWithUsers(host: HostSettings): ReadonlyMap<string, Needed> {
  const programs = new Map<string, Needed>();
  for (const [operation, argv] of Object.entries(templatesOf(host))) {
    for (const sought of programsOf(argv)) {
      const needed = programs.get(sought.program) ?? { sought, users: [] };
      needed.users.push(operation);
      programs.set(sought.program, needed);
    }
  }
  return programs;
}

function verdictOf(
  { operations, via }: HostSettings,
  programs: ReadonlyMap<string, Needed>,
  missing: readonly string[],
): CheckVerdict {
  const how = via === 'local' ? '' : 'reached; ';
  if (missing.length > 0) {
    const told = missing.map(
      (program) =>
        `there is no program ${program}, which ${programs.get(program)?.users.join(', ')} would run`,
    );
    // Of a preset perhaps not all is used: a host of services alone needs no rabbitmqctl.
    const isOwn = missing.some((program) => programs.get(program)?.users.some((user) => user in operations));
    return (isOwn ? bad : warning)(`${how}${told.join('; ')}`);
  }
  const names = [...programs.keys()];
  if (names.length === 0) {
    return ok(`${how}it has no commands; only files are read there`);
  }
  return ok(`${how}found ${listed(names)}; not run`);
}
