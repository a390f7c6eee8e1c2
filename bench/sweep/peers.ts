import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { BenchBroker } from '../broker.ts';
import { queueName } from './scale.ts';

/** The slowest check takes over 20 s here; its own limit of 15 s would end it before it has said anything. */
const NAGIOS_TIMEOUT_SECONDS = 180;
const CHECK = '/usr/bin/check_rabbitmq_';

/** The four listings by which an operator sees what one sweep sees, one after the other. */
export async function rabbitmqctlListings(broker: BenchBroker): Promise<void> {
  const listings = [
    ['list_queues', 'name', 'messages_ready', 'messages_unacknowledged', 'consumers'],
    ['list_connections', 'name', 'user', 'peer_host', 'channels', 'state'],
    ['list_channels', 'name', 'connection', 'consumer_count'],
    ['list_consumers'],
  ];
  for (const listing of listings) {
    const { exitCode, output } = await run(broker.ctl.program, ['-q', ...listing], broker.ctl.env);
    if (exitCode !== 0) {
      throw new Error(`rabbitmqctl ${listing[0]}: ${output}`);
    }
  }
}

export const hasNagiosChecks = (): boolean => existsSync(`${CHECK}objects`);

/** The checks of the package nagios-plugins-rabbitmq that look at the same things, one after the other. */
export async function nagiosChecks(broker: BenchBroker): Promise<void> {
  const where = ['-H', 'localhost', '--port', String(broker.managementPort)];
  const who = ['-u', broker.username, '-p', broker.password, '-t', String(NAGIOS_TIMEOUT_SECONDS)];
  const node = ['-n', 'localhost'];
  const checks: readonly (readonly string[])[] = [
    ['partition', ...node],
    ['watermark', ...node],
    ['server', ...node],
    ['overview'],
    ['connections'],
    ['objects'],
    // One queue a run is all it can: the ten thousand others are not looked at.
    ['queue', '--queue', queueName(7)],
  ];
  for (const [name = '', ...own] of checks) {
    const { exitCode, output } = await run(`${CHECK}${name}`, [...where, ...who, ...own], {});
    // 0 to 2 are verdicts; 3 means that the check itself failed.
    if (exitCode > 2 || !output.startsWith('RABBITMQ_')) {
      throw new Error(`check_rabbitmq_${name}: ${output}`);
    }
  }
}

/** Output goes to a file and not through this process, whose memory is measured; only its beginning is read. */
async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const path = join(tmpdir(), `watership-bench-output-${process.pid}`);
  const file = openSync(path, 'w+');
  try {
    const child = spawn(program, args, {
      stdio: ['ignore', file, file],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...env },
    });
    const [code] = await once(child, 'exit');
    const beginning = Buffer.alloc(500);
    const length = readSync(file, beginning, 0, beginning.length, 0);
    return { exitCode: typeof code === 'number' ? code : 3, output: beginning.toString('utf8', 0, length) };
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}
