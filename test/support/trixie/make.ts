import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../../sandbox/layout.ts';
import { rootPrefix } from './as-root.ts';
import { findMirror } from './mirror.ts';

const release = 'trixie';
const packages = [
  'rabbitmq-server',
  'python3-oslo.messaging',
  // What oslo.messaging's own functional tests need.
  ...['eventlet', 'fixtures', 'oslotest', 'requests', 'testscenarios', 'testtools'].map(
    (name) => `python3-${name}`,
  ),
  // Others depend on it under a name that debootstrap does not resolve.
  'python3-cffi-backend',
];
const cache = join(projectFolder, '.cache');
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where the system is kept between runs. */
export const trixieFolder = join(cache, release);

/** What to type where root cannot be had without asking. */
export const makeByHand = 'sudo env "PATH=$PATH" node --import tsx test/support/trixie/main.ts';

/** The system cannot be made here; the message says what to type. */
export class TrixieMissing extends Error {
  override readonly name = 'TrixieMissing';
}

/**
 * Debian 13 in a folder: made once, kept, and made again when other packages are wanted. It is whole or not there:
 * built under another name and then renamed. Needs root to be made, not to be used.
 */
export async function makeTrixie(): Promise<string> {
  if (isWhole()) {
    return trixieFolder;
  }
  const asRoot = rootPrefix();
  if (asRoot === undefined) {
    throw new TrixieMissing(`Debian 13 is not there, and only root can make it:\n\n  ${makeByHand}\n`);
  }
  mkdirSync(cache, { recursive: true });
  const { url, proxy } = await findMirror();
  const arrangement = [
    cache,
    release,
    url,
    String(process.pid),
    packages.join(','),
    keyring,
    ...unfinished(),
  ];
  console.log(`Making Debian 13 in ${trixieFolder}, once: a few minutes …`);
  await run([
    ...asRoot,
    'env',
    ...(proxy === undefined ? [] : [`http_proxy=${proxy}`]),
    ...own,
    '/bin/sh',
    '-c',
    build,
    'sh',
    ...arrangement,
  ]);
  if (!isWhole()) {
    throw new TrixieMissing(`Debian 13 was not made in ${trixieFolder}.`);
  }
  return trixieFolder;
}

/** What debootstrap mounts is seen by it alone and goes with it, as does every daemon that a package starts. */
const own = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];

const build = `
set -eu
cache=$1 release=$2 mirror=$3 packages=$5 keyring=$6
new="$cache/$release.$4.new" old="$cache/$release.$4.old" log="$cache/$release.$4.log"
shift 6
trap 'rm -rf --one-file-system "$new" "$old"' EXIT
rm -rf --one-file-system "$@"
# Thrown away when it is not whole: nothing need be safe on the disk at every step. Nobody reads in there.
mkdir -p "$new/etc/dpkg/dpkg.cfg.d"
printf '%s\\n' force-unsafe-io path-exclude=/usr/share/doc/* path-exclude=/usr/share/man/* path-exclude=/usr/share/locale/* \
  > "$new/etc/dpkg/dpkg.cfg.d/quick"
debootstrap --variant=minbase --force-check-gpg --keyring="$keyring" --include="$packages" \
  "$release" "$new" "$mirror" > "$log" 2>&1 || { tail -n 20 "$log" "$new/debootstrap/debootstrap.log" >&2; exit 1; }
rm -f "$log" "$new"/var/cache/apt/archives/*.deb
printf %s "$packages" > "$new/packages"
[ ! -e "$cache/$release" ] || mv -T "$cache/$release" "$old"
# Somebody else may have been faster: theirs is as good.
mv -T "$new" "$cache/$release" || [ -e "$cache/$release/packages" ]
`;

/** What was left by runs that were killed: its name holds the pid of one that is gone. */
function unfinished(): readonly string[] {
  return readdirSync(cache)
    .filter((name) => {
      const pid = /^trixie\.(?<pid>\d+)\./.exec(name)?.groups?.['pid'];
      return pid !== undefined && !existsSync(`/proc/${pid}`);
    })
    .map((name) => join(cache, name));
}

function isWhole(): boolean {
  const marker = join(trixieFolder, 'packages');
  return existsSync(marker) && readFileSync(marker, 'utf8') === packages.join(',');
}

function run([program = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new TrixieMissing(`debootstrap ended with ${signal ?? code}.`)),
    );
  });
}
