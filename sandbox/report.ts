import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cluster } from './cluster.ts';
import { CLUSTER_NAME } from './config.ts';
import type { Layout } from './layout.ts';
import { startOf } from './process-identity.ts';
import { nodeEnvironment, nodeFolders } from './rabbitmq-settings.ts';
import { type LocalSlack, workspace } from './slack.ts';

/** `sandbox.json`: by it other programs drive the sandbox. Written again whenever a process starts or ends. */
export interface SandboxReport {
  /** The sandbox's own process. */
  readonly pid: number;
  /** When that process began, so that its pid is not taken for another's. */
  readonly startedAt: string;
  readonly controlUrl: string;
  readonly healthUrl: string;
  readonly slack: {
    readonly url: string;
    readonly apiUrl: string;
    readonly controlUrl: string;
    readonly channels: Readonly<Record<string, string>>;
    readonly people: Readonly<Record<string, string>>;
  };
  readonly redis: { readonly url: string };
  /** Path of the generated `watership.yaml`. */
  readonly config: string;
  /** One line for each thing that the bot had done through its host executor, as JSON. */
  readonly operationsLog: string;
  readonly clusters: readonly {
    readonly name: string;
    readonly username: string;
    readonly password: string;
    readonly nodes: readonly NodeReport[];
  }[];
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

/** One node; `pid` is null while it is down. */
export interface NodeReport {
  readonly name: string;
  readonly amqpPort: number;
  readonly managementPort: number;
  readonly distPort: number;
  readonly pid: number | null;
  readonly dataDir: string;
  /** Erlang's HOME, where the cookie is. */
  readonly home: string;
  readonly metricsPort: number;
  readonly epmdPort: number;
  /** How to run `rabbitmqctl` against it by hand. */
  readonly ctl: { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

/** What goes into `sandbox.json` beyond what the parts say of themselves. */
export interface ReportInput {
  readonly layout: Layout;
  readonly slack: LocalSlack;
  readonly redisUrl: string;
  readonly cluster: Cluster;
  readonly controlUrl: string;
  readonly healthPort: number;
  readonly operationsLog: string;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

/** Builds the report from what runs now. */
export function describeSandbox(input: ReportInput): SandboxReport {
  const { setup } = input.cluster;
  return {
    pid: process.pid,
    startedAt: startOf(process.pid) ?? '',
    controlUrl: input.controlUrl,
    healthUrl: `http://127.0.0.1:${input.healthPort}/healthz`,
    slack: { ...input.slack, channels: workspace.channels, people: workspace.people },
    redis: { url: input.redisUrl },
    config: input.layout.config,
    operationsLog: input.operationsLog,
    clusters: [
      {
        name: CLUSTER_NAME,
        username: setup.username,
        password: setup.password,
        nodes: input.cluster.nodes.map((node) => ({
          name: node.setup.name,
          amqpPort: node.setup.amqpPort,
          managementPort: node.setup.managementPort,
          distPort: node.setup.distPort,
          pid: node.pid() ?? null,
          dataDir: nodeFolders(setup, node.setup).data,
          home: setup.home,
          metricsPort: node.setup.metricsPort,
          epmdPort: setup.epmdPort,
          ctl: {
            argv: [setup.programs.ctl, '-n', node.setup.name],
            env: { ...nodeEnvironment(setup, node.setup) },
          },
        })),
      },
    ],
    processes: input.processes.map(({ name, pid }) => ({ name, pid })),
  };
}

/** Written aside and moved into place: a reader never sees half of it. */
export function writeReport(path: string, report: SandboxReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(report, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
