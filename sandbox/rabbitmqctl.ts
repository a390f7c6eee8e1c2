import { execFile } from 'node:child_process';
import { inheritedEnvironment } from './environment.ts';
import { type ClusterSetup, type NodeSetup, nodeEnvironment } from './rabbitmq-settings.ts';

/** What came of a `rabbitmqctl`. */
export interface CtlAnswer {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs `rabbitmqctl` against one node and waits for its end. Never throws. */
export function rabbitmqctl(
  cluster: ClusterSetup,
  node: NodeSetup,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<CtlAnswer> {
  return new Promise((resolve) => {
    execFile(
      cluster.programs.ctl,
      ['-q', '-n', node.name, ...args],
      {
        env: { ...inheritedEnvironment, ...nodeEnvironment(cluster, node) },
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ exitCode, output: `${stdout}${stderr}`.trim() });
      },
    );
  });
}

/** Runs an Erlang expression on a node. Throws when the node does not answer. */
export async function evaluate(cluster: ClusterSetup, node: NodeSetup, expression: string): Promise<string> {
  const answer = await rabbitmqctl(cluster, node, ['eval', expression]);
  if (answer.exitCode !== 0) {
    throw new Error(`rabbitmqctl eval on ${node.name}: ${answer.output}`);
  }
  return answer.output;
}
