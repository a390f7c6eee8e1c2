import { fill, refusalOf } from './arguments.ts';
import type { HostAnswer, HostExecutor, HostRequest } from './host.ts';
import { runLocally } from './local.ts';
import { type OperationTemplates, type PresetName, presets } from './presets.ts';
import { readLocalFile } from './read-file.ts';

/** One entry under `hosts` of the configuration. */
export interface HostSettings {
  readonly via: 'local';
  readonly preset: PresetName;
  /** Argv templates that replace or complete the preset's, by operation. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** Addresses by which the host's connections are recognised. */
  readonly addresses: readonly string[];
}

/** Carries out named operations on the configured hosts. A host answers to its name and to its addresses. */
export function openHosts(hosts: Readonly<Record<string, HostSettings>>): HostExecutor {
  const find = directory(hosts);
  const prepare = (request: HostRequest): Prepared => {
    const host = find(request.host);
    if (typeof host === 'string') return { kind: 'refused', because: host };
    const args = { ...request.args, host: host.name };
    const refusal = refusalOf(request.operation, args);
    if (refusal !== undefined) return { kind: 'refused', because: refusal };
    const template = host.templates[request.operation];
    const { path } = request.args;
    if (template === undefined && request.operation === 'file.read' && path !== undefined)
      return { kind: 'file', path };
    const argv = template && fill(template, args);
    return argv === undefined
      ? { kind: 'refused', because: `host ${host.name} has no command for ${request.operation}` }
      : { kind: 'argv', argv };
  };
  return {
    argvOf: (request) => {
      const prepared = prepare(request);
      return prepared.kind === 'argv' ? prepared.argv : undefined;
    },
    run: async (request, limits): Promise<HostAnswer> => {
      const prepared = prepare(request);
      switch (prepared.kind) {
        case 'refused':
          return { kind: 'not-started', because: prepared.because };
        case 'file':
          return await readLocalFile(prepared.path, limits.signal);
        case 'argv':
          return await runLocally(prepared.argv, limits);
      }
    },
  };
}

type Prepared =
  | { readonly kind: 'argv'; readonly argv: readonly string[] }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'refused'; readonly because: string };

interface KnownHost {
  readonly name: string;
  readonly templates: OperationTemplates;
}

/** A name wins over an address. An address that two hosts claim finds neither: acting on the wrong host is worse. */
function directory(hosts: Readonly<Record<string, HostSettings>>): (asked: string) => KnownHost | string {
  const known = Object.entries(hosts).map(([name, { preset, operations, addresses }]) => ({
    name,
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
