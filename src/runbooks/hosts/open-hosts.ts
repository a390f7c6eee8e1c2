import { definite } from '../../rpc/index.ts';
import {
  type AgentPort,
  type AgentQuestion,
  askAgent,
  type KnownAgent,
  recallFromAgent,
} from './agent/ask-agent.ts';
import { isAgentOperation } from './agent/protocol.ts';
import { fill, refusalOf } from './common/arguments.ts';
import type { HostAnswer, HostExecutor, HostLimits, HostRequest } from './common/host.ts';
import { hostFacts } from './common/host-facts.ts';
import type { OperationTemplates } from './common/presets.ts';
import type { ProgramsFound, Reach, SoughtProgram } from './common/reach.ts';
import { type HostSettings, templatesOf } from './host-settings.ts';
import { runLocally } from './local/local.ts';
import { isThere } from './local/local-programs.ts';
import { readLocalFile } from './local/read-file.ts';
import { Connections } from './ssh/connections.ts';
import { reachOverSsh } from './ssh/over-ssh.ts';

/** Every configured host, for as long as the process needs them. */
export interface OpenHosts extends HostExecutor {
  /** Looks whether programs are on a host that the bot commands itself, and runs none of them. */
  find(host: string, programs: readonly SoughtProgram[], limits: HostLimits): Promise<ProgramsFound>;
  /** Ends the connections to the hosts. */
  close(): Promise<void>;
}

/** Carries out named operations on the configured hosts. A host answers to its name and to its addresses. */
export function openHosts(
  hosts: Readonly<Record<string, HostSettings>>,
  reach: { readonly agents?: AgentPort } = {},
): OpenHosts {
  const connections = new Connections(
    Object.fromEntries(
      Object.entries(hosts).flatMap(([name, host]) => (host.via === 'ssh' ? [[name, host.ssh]] : [])),
    ),
  );
  const find = directory(hosts, connections);
  const prepare = (request: HostRequest): Prepared => {
    const host = find(request.host);
    if (typeof host === 'string') {
      return { kind: 'refused', because: host };
    }
    const args = { ...request.args, ...derivedFrom(request.args, host) };
    const refusal = refusalOf(request.operation, args);
    if (refusal !== undefined) {
      return { kind: 'refused', because: refusal };
    }
    const template = host.templates[request.operation];
    const { way } = host;
    if (way.kind === 'agent') {
      return prepareForAgent(request, host.name, way.keys, template && fill(template, args));
    }
    const { path } = request.args;
    if (template === undefined && request.operation === 'file.read' && path !== undefined) {
      return { kind: 'file', path, reach: way.reach };
    }
    if (template === undefined && request.operation === 'host.facts' && way.kind === 'local') {
      return { kind: 'facts' };
    }
    const argv = template && fill(template, args);
    return argv === undefined
      ? { kind: 'refused', because: `host ${host.name} has no command for ${request.operation}` }
      : { kind: 'argv', argv, reach: way.reach };
  };

  const prepareForAgent = (
    { operation, args, entry }: HostRequest,
    name: string,
    [key, ...older]: readonly string[],
    argv: readonly string[] | undefined,
  ): Prepared => {
    const refused = (because: string): Prepared => ({ kind: 'refused', because });
    if (!isAgentOperation(operation)) {
      return refused(`${name} is reached by its agent, which does not support ${operation}`);
    }
    if (key === undefined || reach.agents === undefined) {
      return refused(`no key for the agent on ${name}`);
    }
    const isService = operation === 'service.restart' || operation === 'service.status';
    if (isService && argv === undefined) {
      return refused(`host ${name} has no command for ${operation}`);
    }
    return {
      kind: 'agent',
      port: reach.agents,
      agent: { host: name, keys: [key, ...older] },
      asked: {
        operation,
        args,
        ...(isService && argv !== undefined && { argv }),
        ...definite({ entry }),
      },
    };
  };

  return {
    argvOf: (request) => {
      const prepared = prepare(request);
      switch (prepared.kind) {
        case 'argv':
          return prepared.argv;
        case 'agent':
          return prepared.asked.argv;
        case 'file':
        case 'facts':
        case 'refused':
          return undefined;
      }
    },
    run: async (request, limits): Promise<HostAnswer> => {
      const prepared = prepare(request);
      switch (prepared.kind) {
        case 'refused':
          return { kind: 'not-started', because: prepared.because };
        case 'file':
          return await prepared.reach.readFile(prepared.path, limits);
        case 'facts':
          return { kind: 'done', exitCode: 0, output: JSON.stringify(hostFacts()) };
        case 'argv':
          return await prepared.reach.run(prepared.argv, limits);
        case 'agent':
          return await askAgent(prepared.port, prepared.agent, prepared.asked, limits);
      }
    },
    recall: async (request, limits) => {
      const prepared = prepare(request);
      if (prepared.kind === 'agent') {
        return await recallFromAgent(prepared.port, prepared.agent, prepared.asked, limits);
      }
      return { kind: 'unknown', because: `host ${request.host} keeps no record of it` };
    },
    find: async (asked, programs, limits) => {
      const host = find(asked);
      if (typeof host === 'string') {
        return { kind: 'unseen', because: host };
      }
      return host.way.kind === 'agent'
        ? {
            kind: 'unseen',
            because: `${host.name} is reached by its agent, which does not look for programs`,
          }
        : await host.way.reach.find(programs, limits);
    },
    close: async () => await connections.close(),
  };
}

type Prepared =
  | { readonly kind: 'argv'; readonly argv: readonly string[]; readonly reach: Reach }
  | { readonly kind: 'file'; readonly path: string; readonly reach: Reach }
  | { readonly kind: 'facts' }
  | {
      readonly kind: 'agent';
      readonly port: AgentPort;
      readonly agent: KnownAgent;
      readonly asked: AgentQuestion;
    }
  | { readonly kind: 'refused'; readonly because: string };

interface KnownHost {
  readonly name: string;
  readonly namespace: string;
  readonly templates: OperationTemplates;
  readonly way:
    | { readonly kind: 'local' | 'ssh'; readonly reach: Reach }
    | { readonly kind: 'agent'; readonly keys: readonly string[] };
}

/** What a template may use besides the request's own arguments; a request cannot set it. */
function derivedFrom({ node }: HostRequest['args'], { name, namespace }: KnownHost): Record<string, string> {
  const pod = node?.replace(/^[^@]*@/, '').replace(/\..*$/s, '');
  return { host: name, namespace, ...definite({ pod }) };
}

const local: Reach = {
  run: runLocally,
  readFile: (path, { signal }) => readLocalFile(path, definite({ signal })),
  find: async (programs) => ({
    kind: 'looked',
    missing: programs.map(({ program }) => program).filter((program) => !isThere(program)),
  }),
};

function wayTo(name: string, host: HostSettings, connections: Connections): KnownHost['way'] {
  switch (host.via) {
    case 'local':
      return { kind: 'local', reach: local };
    case 'ssh':
      return { kind: 'ssh', reach: reachOverSsh(connections, name) };
    case 'agent':
      return { kind: 'agent', keys: host.keys ?? [] };
  }
}

/** A name wins over an address. An address that two hosts claim finds neither: acting on the wrong host is worse. */
function directory(
  hosts: Readonly<Record<string, HostSettings>>,
  connections: Connections,
): (asked: string) => KnownHost | string {
  const known = Object.entries(hosts).map(([name, host]) => ({
    name,
    addresses: host.addresses,
    namespace: (host.via === 'agent' ? undefined : host.namespace) ?? 'openstack',
    templates: templatesOf(host),
    way: wayTo(name, host, connections),
  }));
  return (asked) => {
    const named = known.find(({ name }) => name === asked);
    if (named !== undefined) {
      return named;
    }
    const [first, second] = known.filter(({ addresses }) => addresses.includes(asked));
    if (first === undefined) {
      return `no host is configured as ${JSON.stringify(asked)}`;
    }
    if (second === undefined) {
      return first;
    }
    return `the hosts ${first.name} and ${second.name} both claim the address ${asked}`;
  };
}
