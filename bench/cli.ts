import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { type BenchBroker, openBroker } from './broker.ts';
import { openMeasurer, type ProcessCost, type Program } from './cli/cost.ts';
import { BARE_NODE, PEERS, report } from './cli/report.ts';
import { buildPackage } from './rpc/programs.ts';
import { roundsOfACycle, turnsOf } from './sweep/turns.ts';

const PYTHON = '/usr/bin/python3';
/** Of the order of turns. */
const CYCLES = 3;

/**
 * `npm run bench -- cli [rounds]`: what commands cost as whole processes, ours as they are built, beside bare Node and
 * RabbitMQ's own two programs, in turns and in one run.
 */
export const benchCli: Bench = async ([wanted]) => {
  say('compiling, and starting a broker');
  buildPackage();
  const folder = mkdtempSync(join(tmpdir(), 'watership-bench-cli-'));
  const broker = await openBroker();
  // Asked to end, the bench takes its broker along.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void broker.close().finally(() => process.exit(130)));
  }
  try {
    const programs = await contenders(broker, folder);
    const names = [...programs.keys()];
    const rounds = wanted === undefined ? CYCLES * roundsOfACycle(names.length) : Number(wanted);
    const costs = await compete(programs, rounds);
    return report(costs);
  } finally {
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Every program by the name that the report gives it. */
async function contenders(broker: BenchBroker, folder: string): Promise<ReadonlyMap<string, Program>> {
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
  const main = fileURLToPath(new URL('../dist/bot/main.js', import.meta.url));
  const watership = (...args: readonly string[]): Program => ({
    argv: [process.execPath, main, ...args],
    env: { ...env, ...secrets(broker) },
  });
  const config = join(folder, 'watership.yaml');
  writeFileSync(config, configuration(broker));
  const [ctl, admin] = PEERS;
  return new Map<string, Program>([
    [BARE_NODE, { argv: [process.execPath, '-e', '0'], env }],
    ['watership --version', watership('--version')],
    ['watership --help', watership('--help')],
    ['watership runbooks', watership('runbooks')],
    ['watership schema', watership('schema')],
    ['watership sweep', watership('sweep', '--config', config)],
    [ctl, { argv: [broker.ctl.program, 'version'], env: { ...env, ...broker.ctl.env } }],
    [admin, { argv: [PYTHON, await rabbitmqadmin(broker, folder), '--version'], env }],
  ]);
}

/** The script that the management plugin hands out, of the same release as the broker. */
async function rabbitmqadmin(broker: BenchBroker, folder: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${broker.managementPort}/cli/rabbitmqadmin`);
  if (!answer.ok) {
    throw new Error(`The broker hands out no rabbitmqadmin: HTTP ${answer.status}`);
  }
  const path = join(folder, 'rabbitmqadmin');
  writeFileSync(path, await answer.text());
  return path;
}

async function compete(
  programs: ReadonlyMap<string, Program>,
  rounds: number,
): Promise<ReadonlyMap<string, readonly ProcessCost[]>> {
  await using measurer = openMeasurer(PYTHON);
  const costs = new Map<string, ProcessCost[]>([...programs.keys()].map((name) => [name, []]));
  // In the round before the first, files come into the memory of the machine.
  for (let round = -1; round < rounds; round += 1) {
    if (round % 10 === 0) {
      say(`round ${round + 1} of ${rounds}`);
    }
    for (const [name, program] of turnsOf([...programs], Math.max(0, round))) {
      const cost = await measurer.costOf(program);
      // What fails may be quick.
      if (cost.exitCode !== 0) {
        throw new Error(`${name} ended with exit code ${cost.exitCode}`);
      }
      if (round >= 0) {
        costs.get(name)?.push(cost);
      }
    }
  }
  return costs;
}

/** A sweep of one node; no bot has looked, and no Redis is there. */
const configuration = (
  broker: BenchBroker,
): string => `slack: { botToken: \${BOT}, appToken: \${APP}, channel: C0ALERTS }
redis: { url: "redis://127.0.0.1:1/0" }
people: { approvers: [U0ALICE] }
clusters:
  - name: bench
    username: ${broker.username}
    password: \${RABBIT}
    nodes:
      - name: ${broker.node}
        management: "http://127.0.0.1:${broker.managementPort}"
        amqp: "${broker.amqpUrl.replace(/\/\/.*@/, '//')}"
        epmd: false
`;

const secrets = ({ password }: BenchBroker) => ({ BOT: 'xoxb-bench', APP: 'xapp-bench', RABBIT: password });

const say = (what: string): void => console.log(`· ${what}`);
