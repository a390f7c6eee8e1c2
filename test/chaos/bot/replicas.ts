import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { type KeptAlive, keepAlive } from '../../../sandbox/keep-alive.ts';
import { projectFolder } from '../../../sandbox/layout.ts';
import { freePorts } from '../../../sandbox/ports.ts';
import type { SandboxReport } from '../../../sandbox/report.ts';
import type { Supervisor } from '../../../sandbox/supervisor.ts';
import { waitFor } from '../../../sandbox/wait.ts';
import { type Door, openDoor } from './door.ts';

/** A bot as a process of its own, which reaches Slack and the brokers through doors of its own. */
export interface Replica {
  readonly name: string;
  readonly slack: Door;
  /** One for each node of the cluster. */
  readonly management: readonly Door[];
  /** `kill -9`; it is started again a moment later, as systemd would. */
  kill(): void;
  isReady(): Promise<boolean>;
}

const fileSchema = z.looseObject({
  slack: z.looseObject({ apiUrl: z.string() }),
  clusters: z.array(z.looseObject({ nodes: z.array(z.looseObject({ management: z.string() })) })),
  schedule: z.looseObject({ sweep: z.string() }),
  health: z.looseObject({ port: z.number() }),
});

const READY_MS = 120_000;

/** Starts so many bots against one sandbox, and waits until each says that it is ready. */
export async function startReplicas(
  report: SandboxReport,
  supervisor: Supervisor,
  count: number,
): Promise<readonly Replica[]> {
  const ports = await freePorts(count);
  const replicas = await Promise.all(
    ports.map((port, index) => startReplica(report, supervisor, index, port)),
  );
  await Promise.all(
    replicas.map((replica) =>
      waitFor(`${replica.name} to be ready`, replica.isReady, { withinMs: READY_MS, everyMs: 200 }),
    ),
  );
  return replicas;
}

async function startReplica(
  report: SandboxReport,
  supervisor: Supervisor,
  index: number,
  healthPort: number,
): Promise<Replica> {
  const name = `bot-${index + 1}`;
  const file = fileSchema.parse(parse(readFileSync(report.config, 'utf8')));
  const slack = await openDoor(portOf(file.slack.apiUrl), isPost);
  const management: Door[] = [];
  const clusters = [];
  for (const cluster of file.clusters) {
    const nodes = [];
    for (const node of cluster.nodes) {
      const door = await openDoor(portOf(node.management), isChange);
      management.push(door);
      nodes.push({ ...node, management: `http://127.0.0.1:${door.port}` });
    }
    clusters.push({ ...cluster, nodes });
  }
  const folder = dirname(report.config);
  const config = join(folder, `${name}.yaml`);
  const own = {
    ...file,
    slack: { ...file.slack, apiUrl: `http://127.0.0.1:${slack.port}/api/` },
    clusters,
    schedule: { ...file.schedule, sweep: SWEEP },
    health: { ...file.health, port: healthPort },
  };
  writeFileSync(config, stringify(own, { lineWidth: 0 }));
  const kept: KeptAlive = keepAlive(
    supervisor,
    {
      name,
      argv: [
        process.execPath,
        ...['--import', 'tsx', join(projectFolder, 'src', 'bot', 'main.ts')],
        'start',
        '--config',
        config,
      ],
      cwd: projectFolder,
      logFile: join(folder, 'logs', `${name}.log`),
    },
    { restartAfterMs: 500 },
  );
  return {
    name,
    slack,
    management,
    kill: () => kept.current().signal('SIGKILL'),
    isReady: () =>
      fetch(`http://127.0.0.1:${healthPort}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      ),
  };
}

/** Often, so that a story is short; not so often that three bots on a small machine do nothing else. */
const SWEEP = '2s';

const portOf = (url: string): number => Number(new URL(url).port);

const isPost = (_method: string, path: string): boolean => path.endsWith('chat.postMessage');

const isChange = (method: string): boolean => method === 'DELETE' || method === 'PUT';
