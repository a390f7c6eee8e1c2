import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type HostExecutor, presets } from '../../runbooks/index.ts';
import type { BotConfig, HostConfig } from '../config/config.ts';
import { checkAgent } from './check-agents.ts';
import { bad, type Check, type CheckVerdict, ok, warning } from './check-line.ts';

/** Where the bot looks for the programs of its hosts' operations: not along its own PATH. */
const SEARCHED = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  dirname(process.execPath),
];

/** Is the program of every operation there, and every agent? Nothing is run: an operation is no question. */
export function* hostChecks(config: BotConfig, hosts: HostExecutor): Iterable<Check> {
  for (const [name, host] of Object.entries(config.hosts)) {
    const ask = async () => (host.via === 'agent' ? checkAgent(name, host, hosts) : checkHost(host));
    yield { what: `host ${name}`, ask };
  }
}

function checkHost({ preset, operations }: HostConfig): CheckVerdict {
  const own = missingOf(operations);
  // Of a preset perhaps not all is used: a host of services alone needs no rabbitmqctl.
  const ready = missingOf(
    Object.fromEntries(Object.entries(presets[preset]).filter(([operation]) => !(operation in operations))),
  );
  if (own.length > 0) return bad(own.join('; '));
  if (ready.length > 0) return warning(ready.join('; '));
  const programs = programsOf({ ...presets[preset], ...operations });
  if (programs.size === 0) return ok('it has no commands; files are read there');
  const names = [...programs.keys()];
  return ok(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} there; not run`);
}

const missingOf = (operations: HostConfig['operations']): readonly string[] =>
  [...programsOf(operations)]
    .filter(([program]) => !isThere(program))
    .map(([program, users]) => `there is no program ${program}, which ${users.join(', ')} would run`);

/** Programs with the operations that run them. */
function programsOf(operations: HostConfig['operations']): ReadonlyMap<string, readonly string[]> {
  const programs = new Map<string, string[]>();
  for (const [operation, [program]] of Object.entries(operations)) {
    // A placeholder is filled in when it is run; nobody can look for it before.
    if (program === undefined || program.includes('{')) continue;
    programs.set(program, [...(programs.get(program) ?? []), operation]);
  }
  return programs;
}

const isThere = (program: string): boolean =>
  program.includes('/')
    ? isExecutable(resolve('/', program))
    : SEARCHED.some((folder) => isExecutable(resolve(folder, program)));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
