import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inheritedEnvironment } from './environment.ts';
import type { Layout } from './layout.ts';
import { startOf } from './process-identity.ts';
import type { SandboxReport } from './report.ts';
import { waitFor } from './wait.ts';

/** Sends a command to the running sandbox from a second terminal. Returns the exit code. */
export async function command(
  layout: Layout,
  verb: 'break' | 'heal' | 'status' | 'stop',
  fault?: string,
): Promise<number> {
  const report = readReport(layout);
  if (report === undefined || startOf(report.pid) !== report.startedAt) {
    return noSandbox();
  }
  const answer = await fetch(`${report.controlUrl}/${verb}`, {
    method: verb === 'status' ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(verb === 'status' ? {} : { body: JSON.stringify({ fault: fault ?? '' }) }),
  });
  const said: unknown = await answer.json();
  if (typeof said === 'object' && said !== null && 'text' in said) {
    console.log(String(said.text));
  }
  if (verb === 'stop') {
    const hasEnded = () => startOf(report.pid) !== report.startedAt;
    await waitFor('the sandbox to end', hasEnded, { withinMs: 30_000 });
  }
  return answer.ok ? 0 : 1;
}

/** Runs `rabbitmqctl` against a node of the sandbox, in this terminal. Returns its exit code. */
export function runCtl(layout: Layout, [name, ...args]: readonly string[]): number {
  const report = readReport(layout);
  if (report === undefined) {
    return noSandbox();
  }
  const nodes = report.clusters.flatMap((cluster) => cluster.nodes);
  const node = nodes.find((candidate) => candidate.name === name || candidate.name.split('@')[0] === name);
  if (node === undefined) {
    console.error(`Which node? One of: ${nodes.map((candidate) => candidate.name).join(', ')}`);
    return 2;
  }
  const [program = '', ...words] = node.ctl.argv;
  const env = { ...inheritedEnvironment, ...node.ctl.env };
  return spawnSync(program, [...words, ...args], { stdio: 'inherit', env }).status ?? 1;
}

/** What the sandbox of this folder last said of itself. */
export function readReport(layout: Layout): SandboxReport | undefined {
  try {
    // Our own file, written as a whole.
    return JSON.parse(readFileSync(layout.report, 'utf8')) as SandboxReport;
  } catch {
    return undefined;
  }
}

function noSandbox(): number {
  console.error('No sandbox runs here. Start one in another terminal: npm run sandbox');
  return 1;
}
