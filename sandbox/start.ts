import { join } from 'node:path';
import { startBot } from './bot.ts';
import { openBreaker } from './breaker.ts';
import { portsOfCluster, startCluster } from './cluster.ts';
import { writeBotConfig } from './config.ts';
import { openControl } from './control.ts';
import { writeHostCommand } from './host-command-file.ts';
import { hostOperations } from './host-operations.ts';
import type { Layout } from './layout.ts';
import { freePorts } from './ports.ts';
import { startRedis } from './redis.ts';
import { describeSandbox, type SandboxReport, writeReport } from './report.ts';
import { type Service, startServices } from './services.ts';
import { startSlack } from './slack.ts';
import { describeStatus } from './status.ts';
import type { Supervisor } from './supervisor.ts';

/** As in the handbook. */
const NODE_NAMES = ['rabbit44@localhost', 'rabbit45@localhost', 'rabbit46@localhost'];

/** A sandbox that runs. */
export interface Sandbox {
  readonly report: () => SandboxReport;
}

/** Starts everything, from nothing, and resolves when all of it works together. */
export async function startSandbox(options: {
  readonly layout: Layout;
  readonly supervisor: Supervisor;
  /** Called with what has just come up. */
  readonly progress: (line: string) => void;
  /** Leave the bot out, to run one by hand against the same configuration. @default false */
  readonly withoutBot?: boolean;
  /** Called when somebody asks for the end over the control port. */
  readonly stop: () => void;
}): Promise<Sandbox> {
  const { layout, supervisor, progress } = options;
  const ports = await freePorts(4 + portsOfCluster(NODE_NAMES.length));
  const [redisPort = 0, slackPort = 0, controlPort = 0, healthPort = 0, ...clusterPorts] = ports;

  const [redis, slack, cluster] = await Promise.all([
    startRedis({ folder: layout.redis, port: redisPort, supervisor }).then(told(progress, 'Redis is up')),
    startSlack({ folder: layout.slack, port: slackPort, supervisor }).then(told(progress, 'Slack is up')),
    startCluster({
      folder: layout.cluster,
      names: NODE_NAMES,
      ports: clusterPorts,
      supervisor,
      onNode: (name) => progress(`${name} is up`),
    }).then(told(progress, 'The three nodes are one cluster')),
  ]);

  const services = startServices({ cluster, logs: layout.logs, supervisor });
  const operationsLog = join(layout.logs, 'operations.jsonl');
  const control = await openControl(controlPort, {
    breaker: openBreaker({ cluster, services, redis }),
    operations: hostOperations({ cluster, services, log: operationsLog }),
    status: () => describeStatus({ cluster, services, healthPort, slack }),
    stop: options.stop,
  });
  const { url: controlUrl } = control;
  const { hostCommand, config } = layout;
  writeHostCommand(hostCommand, controlUrl);
  writeBotConfig({ path: config, slack, redisUrl: redis.url, cluster, controlUrl, hostCommand, healthPort });

  const report = (): SandboxReport =>
    describeSandbox({
      ...{ layout, slack, redisUrl: redis.url, cluster, controlUrl, healthPort, operationsLog },
      processes: supervisor.running(),
    });
  await Promise.all([
    servicesReady(services).then(told(progress, 'The OpenStack-like services are up')),
    ...(options.withoutBot === true
      ? []
      : [startBot({ layout, healthPort, supervisor }).then(told(progress, 'The bot is up'))]),
  ]);
  writeReport(layout.report, report());
  // A moment later: while a process starts, its owner does not know it yet.
  supervisor.onChange(() => setImmediate(() => writeReport(layout.report, report())));
  return { report };
}

function servicesReady(services: readonly Service[]): Promise<unknown> {
  return Promise.all(services.map((service) => service.ready()));
}

const told =
  (progress: (line: string) => void, line: string) =>
  <T>(value: T): T => {
    progress(line);
    return value;
  };
