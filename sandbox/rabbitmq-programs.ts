import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inheritedEnvironment } from './environment.ts';

/** Where RabbitMQ's own programs and Erlang's port mapper are. */
export interface RabbitmqPrograms {
  readonly server: string;
  readonly ctl: string;
  readonly epmd: string;
}

/**
 * Finds RabbitMQ's own scripts, not the wrappers that some systems put on the PATH: those switch to the system's
 * user and its folders. The scripts are known by `rabbitmq-env`, which lies beside them.
 */
export function findRabbitmq(): RabbitmqPrograms {
  const { PATH = '' } = inheritedEnvironment;
  const onPath = PATH.split(':').filter(Boolean);
  const folders = [
    '/usr/lib/rabbitmq/bin',
    ...versioned('/usr/lib/rabbitmq/lib'),
    '/opt/homebrew/sbin',
    ...onPath,
  ];
  const folder = folders.find(
    (candidate) =>
      existsSync(join(candidate, 'rabbitmq-env')) && existsSync(join(candidate, 'rabbitmq-server')),
  );
  if (folder === undefined) {
    throw new Error('RabbitMQ was not found. Install the package rabbitmq-server.');
  }
  const erlang = ['/usr/lib/erlang/bin', '/usr/lib64/erlang/bin', '/opt/homebrew/bin'];
  const epmd = [...onPath, ...erlang].map((candidate) => join(candidate, 'epmd')).find(existsSync);
  if (epmd === undefined) {
    throw new Error('epmd was not found. It is part of Erlang, which RabbitMQ needs.');
  }
  return { server: join(folder, 'rabbitmq-server'), ctl: join(folder, 'rabbitmqctl'), epmd };
}

function versioned(parent: string): readonly string[] {
  if (!existsSync(parent)) {
    return [];
  }
  return readdirSync(parent)
    .filter((name) => name.startsWith('rabbitmq_server-'))
    .toSorted()
    .map((name) => join(dirname(join(parent, name)), name, 'sbin'));
}
