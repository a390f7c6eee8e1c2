import { homedir } from 'node:os';
import { join } from 'node:path';
import { definite } from '../../rpc/index.ts';
import { type HostSettings, readPin } from '../../runbooks/index.ts';
import type { Environment } from '../process/environment.ts';
import { AGENT_VARIABLE } from './schema/host-schema.ts';
import type { ConfigFile } from './schema/schema.ts';

type HostFile = ConfigFile['hosts'][string];
type SshFile = Extract<HostFile, { via: 'ssh' }>;
type SshSettings = Extract<HostSettings, { via: 'ssh' }>['ssh'];

/** The checked hosts in the form that the executors use. */
export const shapeHosts = (
  hosts: ConfigFile['hosts'],
  environment: Environment,
): Readonly<Record<string, HostSettings>> =>
  Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, shapeHost(name, host, environment)]));

function shapeHost(name: string, host: HostFile, environment: Environment): HostSettings {
  switch (host.via) {
    case 'local':
      return { via: 'local', ...commanded(host) };
    case 'ssh':
      return { via: 'ssh', ...commanded(host), ssh: shapeSsh(name, host, environment) };
    case 'agent': {
      const { keys, ...rest } = host;
      return { ...rest, ...definite({ keys }) };
    }
  }
}

const commanded = ({
  preset,
  operations,
  addresses,
  sudo,
  namespace,
}: Extract<HostFile, { via: 'local' | 'ssh' }>) => ({
  ...{ preset, operations, addresses, sudo },
  ...definite({ namespace }),
});

function shapeSsh(name: string, host: SshFile, environment: Environment): SshSettings {
  const agentSocket = host.agent === true ? environment.read(AGENT_VARIABLE) : host.agent;
  const pin = host.hostKey === undefined ? undefined : readPin(host.hostKey);
  return {
    address: host.address ?? name,
    port: host.port,
    user: host.user,
    trust:
      pin === undefined
        ? { kind: 'known-hosts', path: host.knownHosts ?? join(homedir(), '.ssh', 'known_hosts') }
        : { kind: 'pin', pin },
    connectTimeoutMs: host.connectTimeout,
    ...definite({ key: host.key, passphrase: host.passphrase, agentSocket, jump: host.jump }),
  };
}
