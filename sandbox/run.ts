import { messageOf } from './breaker.ts';
import { claimFolder } from './claim.ts';
import { readReport } from './client.ts';
import type { Layout } from './layout.ts';
import { startOf } from './process-identity.ts';
import type { SandboxReport } from './report.ts';
import { startSandbox } from './start.ts';
import { openSupervisor } from './supervisor.ts';

/** The sandbox in the foreground: starts it, says how to use it, and ends it without leaving a process behind. */
export async function runSandbox(
  layout: Layout,
  options: { readonly withoutBot?: boolean } = {},
): Promise<number> {
  const running = runningSandbox(layout);
  if (running !== undefined) {
    console.error(
      `A sandbox runs already (pid ${running.pid}): ${running.slack.url}\nEnd it: npm run sandbox -- stop`,
    );
    return 1;
  }
  const claim = await claimFolder(layout);
  switch (claim.kind) {
    case 'taken':
      console.error(`A sandbox is starting in ${layout.folder} already (pid ${claim.pid}).`);
      return 1;
    case 'foreign':
      console.error(
        `${layout.folder} holds files that no sandbox created, and a sandbox starts by emptying its folder.\n` +
          'Name an empty folder, or one that does not exist: npm run sandbox -- --dir <folder>',
      );
      return 1;
    case 'claimed':
  }
  const { leftOver } = claim;

  const asked = endRequests();
  const supervisor = openSupervisor(layout.pidList);
  const startedAt = performance.now();
  const progress = (line: string): void => {
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  };
  if (leftOver.length > 0) {
    progress(`Ended what an earlier sandbox left: ${leftOver.join(', ')}`);
  }

  try {
    const sandbox = await Promise.race([
      startSandbox({ ...options, layout, supervisor, progress, stop: asked.request }),
      asked.requested.then(() => undefined),
    ]);
    if (sandbox !== undefined) {
      console.log(welcome(sandbox.report()));
      await asked.requested;
    }
    console.log('Ending the sandbox …');
    return 0;
  } catch (error) {
    console.error(`The sandbox could not be started: ${messageOf(error)}`);
    return 1;
  } finally {
    await supervisor.stopAll();
  }
}

/** The sandbox of this folder, if its main process is alive. */
function runningSandbox(layout: Layout): SandboxReport | undefined {
  const report = readReport(layout);
  return report !== undefined && startOf(report.pid) === report.startedAt ? report : undefined;
}

/** Whoever may end the sandbox: Ctrl-C, a signal, the launcher's end, `stop` from another terminal. */
function endRequests(): { readonly requested: Promise<void>; readonly request: () => void } {
  let request: () => void = () => undefined;
  const requested = new Promise<void>((resolve) => {
    request = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, request);
  }
  // The launcher holds the other end: when it dies in whatever way, this closes.
  process.on('disconnect', request);
  // Whoever read our output may be gone; that must not stop us from cleaning up.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  return { requested, request };
}

function welcome(report: SandboxReport): string {
  const [cluster] = report.clusters;
  const [node] = cluster?.nodes ?? [];
  return `
  Slack     ${report.slack.url}    open it; you are Alice. Watch #rabbit-alerts
  RabbitMQ  http://127.0.0.1:${node?.managementPort}    user ${cluster?.username}, password ${cluster?.password}

  First type in Slack:                        /rabbit status
  Then break something, in Slack:             /rabbit break partition
                   or in a second terminal:   npm run sandbox -- break partition
  Press "Review fix" on the card that comes. Ctrl-C here ends everything.

READY`;
}
