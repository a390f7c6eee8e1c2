import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { inheritedEnvironment } from '../../../sandbox/environment.ts';
import type { Combination } from '../combinations.ts';
import { serveLines } from './line-server.ts';
import { openStandIns } from './stand-ins.ts';

/** Which side of their tests is ours. */
export type Replaced = 'server' | 'client';

/** What came of one test of theirs. */
export type Outcome = z.infer<typeof outcome>;

const outcome = z.object({
  /** Class and method. */
  test: z.tuple([z.string(), z.string()]).transform((names) => names.join('.')),
  status: z.enum(['success', 'failure', 'error', 'skip', 'xfail', 'uxsuccess']),
  details: z.string(),
});

/** Runs their functional tests with one side replaced by ours, in a virtual host of its own. */
export async function runFunctionalTests(
  { python, broker }: Combination,
  replaced: Replaced,
): Promise<readonly Outcome[]> {
  const virtualHost = `functional-${python.version}-${replaced}`;
  await makeVirtualHost(broker.managementUrl, virtualHost);
  const amqpUrl = `${broker.amqpUrl.replace('amqp:', 'rabbit:')}/${virtualHost}`;
  const standIns = openStandIns(amqpUrl);
  const lines = await serveLines(standIns.carryOut);
  try {
    const [program = '', ...args] = python.command;
    const script = `${python.scripts}/functional/functional.py`;
    const child = spawn(program, [...args, script, amqpUrl, String(lines.port), replaced], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: inheritedEnvironment,
    });
    let complaints = '';
    child.stderr.on('data', (bytes: Buffer) => {
      complaints = (complaints + bytes.toString()).slice(-4000);
    });
    const outcomes: Outcome[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"test"')) {
        outcomes.push(outcome.parse(JSON.parse(line)));
      }
    });
    const [code] = await once(child, 'close');
    if (code !== 0) {
      throw new Error(`Their tests ended with exit code ${code}: ${complaints}`);
    }
    return outcomes;
  } finally {
    await standIns.end();
    await lines.end();
  }
}

async function makeVirtualHost(managementUrl: string, name: string): Promise<void> {
  const { origin, username, password } = new URL(managementUrl);
  const put = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${origin}/api/${path}`, {
      method: 'PUT',
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`PUT ${path}: ${answer.status}`);
    }
  };
  await put(`vhosts/${name}`, {});
  await put(`permissions/${name}/${username}`, { configure: '.*', write: '.*', read: '.*' });
}
