import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { freePorts } from '../../sandbox/ports.ts';
import { startRedis } from '../../sandbox/redis.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';
import { waitFor } from '../../sandbox/wait.ts';
import { clusterNames, nodesOf, size } from './size.ts';
import { type BenchSlack, CHANNEL, openBenchSlack, SIGNING_SECRET } from './slack.ts';

/** A bot at work as a process of its own, with everything around it. */
export interface Stage {
  readonly slack: BenchSlack;
  /** Ids of every open incident. */
  openIncidents(): Promise<readonly string[]>;
  /** Of the bot's process. */
  readonly botPid: number;
  close(): Promise<void>;
}

const PREFIX = 'bench';
const project = fileURLToPath(new URL('../..', import.meta.url));

/** They stand in the environment: the configuration itself may hold none. */
const secrets = {
  BENCH_BOT_TOKEN: 'xoxb-bench-token',
  BENCH_SIGNING_SECRET: SIGNING_SECRET,
  BENCH_PASSWORD: 'throwaway-of-the-bench',
};

/** Starts Redis, the brokers, Slack and the bot. Resolves when the bot is ready. */
export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-bench-'));
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const [redisPort = 0, botPort = 0, healthPort = 0, ...brokerPorts] = await freePorts(
    3 + size.clusters * size.nodesPerCluster,
  );
  const slack = await openBenchSlack(botPort);
  const program = (name: string, ...args: readonly string[]) =>
    supervisor.start({
      ...{ name, cwd: project, logFile: join(folder, 'logs', `${name}.log`), talks: true },
      argv: [process.execPath, '--import', 'tsx', ...args],
      env: secrets,
    });
  const closers: (() => void)[] = [() => slack.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers) {
      closer();
    }
    await supervisor.stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { url } = await startRedis({ folder: join(folder, 'redis'), port: redisPort, supervisor });
    const brokers = program(
      'brokers',
      fileURLToPath(new URL('brokers.ts', import.meta.url)),
      ...brokerPorts.map(String),
    );
    await new Promise<void>((resolve, reject) => {
      brokers.onMessage(() => resolve());
      void brokers.ended.then((how) => reject(new Error(how)));
    });
    const config = join(folder, 'watership.yaml');
    writeFileSync(config, stringify(configOf({ url, slack, botPort, healthPort, brokerPorts })));
    const bot = program('bot', join(project, 'src', 'bot', 'main.ts'), 'start', '--config', config);
    await Promise.race([
      waitFor('the bot to be ready', async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok, {
        withinMs: 90_000,
      }),
      bot.ended.then((how) => {
        throw new Error(how);
      }),
    ]);
    const redis = new Redis(url);
    closers.push(() => redis.disconnect());
    return {
      slack,
      botPid: bot.pid,
      async openIncidents() {
        const ids = await Promise.all(clusterNames.map((name) => redis.hvals(`{${PREFIX}}:open:${name}`)));
        return ids.flat();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function configOf(at: {
  readonly url: string;
  readonly slack: BenchSlack;
  readonly botPort: number;
  readonly healthPort: number;
  readonly brokerPorts: readonly number[];
}) {
  return {
    slack: {
      ...{ mode: 'http', botToken: `\${BENCH_BOT_TOKEN}`, port: at.botPort },
      signingSecret: `\${BENCH_SIGNING_SECRET}`,
      ...{ channel: CHANNEL, apiUrl: `http://127.0.0.1:${at.slack.port}/api/` },
    },
    redis: { url: at.url, prefix: PREFIX },
    clusters: clusterNames.map((name, cluster) => ({
      ...{ name, channel: CHANNEL, username: 'bench', password: `\${BENCH_PASSWORD}` },
      nodes: nodesOf(cluster).map((node, index) => ({
        name: node,
        management: `http://127.0.0.1:${at.brokerPorts[cluster * size.nodesPerCluster + index]}`,
      })),
      detection: { zombieAfter: '1s' },
    })),
    people: { approvers: ['U0BENCH'] },
    schedule: { sweep: size.sweep },
    health: { host: '127.0.0.1', port: at.healthPort },
    log: { level: 'warn' },
  };
}
