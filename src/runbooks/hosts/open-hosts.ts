import { type AgentPort, type Asked, askAgent, type KnownAgent, recallFromAgent } from './agent/ask-agent.ts';
import { isAgentOperation } from './agent/protocol.ts';
import { fill, refusalOf } from './arguments.ts';
import type { HostAnswer, HostExecutor, HostRequest } from './host.ts';
import { hostFacts } from './host-facts.ts';
import { runLocally } from './local.ts';
import { type OperationTemplates, type PresetName, presets } from './presets.ts';
import { readLocalFile } from './read-file.ts';

/** One entry under `hosts` of the configuration. */
export interface HostSettings {
  /** Where its commands run: on this machine, or by the agent on the host. */
  readonly via: 'local' | 'agent';
  readonly preset: PresetName;
  /** Argv templates that replace or complete the preset's, by operation. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** Addresses by which the host's connections are recognised. */
  readonly addresses: readonly string[];
  /** What is shared with the host's agent; the first key signs. Only for `agent`. */
  readonly keys?: readonly string[];
}

/** Carries out named operations on the configured hosts. A host answers to its name and to its addresses. */
export function openHosts(
  hosts: Readonly<Record<string, HostSettings>>,
  reach: { readonly agents?: AgentPort } = {},
): HostExecutor {
  const find = directory(hosts);
  const prepare = (request: HostRequest): Prepared => {
    const host = find(request.host);
    if (typeof host === 'string') return { kind: 'refused', because: host };
    const args = { ...request.args, host: host.name };
    const refusal = refusalOf(request.operation, args);
    if (refusal !== undefined) return { kind: 'refused', because: refusal };
    const template = host.templates[request.operation];
    if (host.via === 'agent') return prepareForAgent(request, host, template && fill(template, args));
    const { path } = request.args;
    if (template === undefined && request.operation === 'file.read' && path !== undefined)
      return { kind: 'file', path };
    if (template === undefined && request.operation === 'host.facts') return { kind: 'facts' };
    const argv = template && fill(template, args);
    return argv === undefined
      ? { kind: 'refused', because: `host ${host.name} has no command for ${request.operation}` }
      : { kind: 'argv', argv };
  };

  const prepareForAgent = (
    { operation, args, entry }: HostRequest,
    { name, keys: [key, ...older] }: KnownHost,
    argv: readonly string[] | undefined,
  ): Prepared => {
    const refused = (because: string): Prepared => ({ kind: 'refused', because });
    if (!isAgentOperation(operation))
      return refused(`${name} is reached by its agent, which does no ${operation}`);
    if (key === undefined || reach.agents === undefined) return refused(`no key for the agent on ${name}`);
    const isService = operation === 'service.restart' || operation === 'service.status';
    if (isService && argv === undefined) return refused(`host ${name} has no command for ${operation}`);
    return {
      kind: 'agent',
      port: reach.agents,
      agent: { host: name, keys: [key, ...older] },
      asked: {
        operation,
        args,
        ...(isService && argv !== undefined && { argv }),
        ...(entry !== undefined && { entry }),
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
          return await readLocalFile(prepared.path, limits);
        case 'facts':
          return { kind: 'done', exitCode: 0, output: JSON.stringify(hostFacts()) };
        case 'argv':
          return await runLocally(prepared.argv, limits);
        case 'agent':
          return await askAgent(prepared.port, prepared.agent, prepared.asked, limits);
      }
    },
    recall: async (request, limits) => {
      const prepared = prepare(request);
      if (prepared.kind === 'agent')
        return await recallFromAgent(prepared.port, prepared.agent, prepared.asked, limits);
      return { kind: 'unknown', because: `nothing is written down on host ${request.host}` };
    },
  };
}

type Prepared =
  | { readonly kind: 'argv'; readonly argv: readonly string[] }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'facts' }
  | {
      readonly kind: 'agent';
      readonly port: AgentPort;
      readonly agent: KnownAgent;
      readonly asked: Asked;
    }
  | { readonly kind: 'refused'; readonly because: string };

interface KnownHost {
  readonly name: string;
  readonly via: HostSettings['via'];
  readonly keys: readonly string[];
  readonly templates: OperationTemplates;
}

/** A name wins over an address. An address that two hosts claim finds neither: acting on the wrong host is worse. */
function directory(hosts: Readonly<Record<string, HostSettings>>): (asked: string) => KnownHost | string {
  const known = Object.entries(hosts).map(([name, { via, preset, operations, addresses, keys = [] }]) => ({
    name,
    via,
    keys,
    addresses,
    templates: { ...presets[preset], ...operations },
  }));
  return (asked) => {
    const named = known.find(({ name }) => name === asked);
    if (named !== undefined) return named;
    const [first, second] = known.filter(({ addresses }) => addresses.includes(asked));
    if (first === undefined) return `no host is configured as ${JSON.stringify(asked)}`;
    if (second === undefined) return first;
    return `the hosts ${first.name} and ${second.name} both claim the address ${asked}`;
  };
}
