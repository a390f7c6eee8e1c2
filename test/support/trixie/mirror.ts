import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rootPrefix } from './as-root.ts';

const run = promisify(execFile);

/** Where this machine's own apt gets Debian from. */
export interface Mirror {
  readonly url: string;
  /** The proxy that apt goes through, if any. */
  readonly proxy: string | undefined;
}

/** Reads apt's configuration. Throws when apt knows no Debian mirror. */
export async function findMirror(): Promise<Mirror> {
  let url = await debianOfApt();
  if (url === undefined) {
    // On a fresh machine apt has not looked yet, and does not know what its sources hold.
    const [program = 'apt-get', ...args] = [...(rootPrefix() ?? []), 'apt-get', 'update', '-qq'];
    await run(program, args);
    url = await debianOfApt();
  }
  if (url === undefined) {
    throw new Error("Debian's next release cannot be fetched: this machine's apt has no Debian mirror.");
  }
  const { stdout } = await run('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy']);
  return { url, proxy: /^proxy='(?<proxy>[^']+)'/.exec(stdout)?.groups?.['proxy'] };
}

async function debianOfApt(): Promise<string | undefined> {
  const format = '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(SITE)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const rows = stdout.split('\n').map((line) => line.split('|'));
  return rows.find(([origin, label, component]) =>
    [origin, label, component].every((word, index) => word === ['Debian', 'Debian', 'main'][index]),
  )?.[3];
}
