// `npm run sandbox`, `npm test` and `npm run test:interop` begin here: installs what is missing, then hands over to the
// real program and passes signals and the exit code on. Without dependencies, because it runs before anything is
// installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const programs = [
  {
    package: 'rabbitmq-server',
    program: 'rabbitmq-server',
    folders: ['/usr/lib/rabbitmq/bin', '/usr/sbin'],
    units: ['rabbitmq-server.service'],
  },
  {
    package: 'redis-server',
    program: 'redis-server',
    folders: ['/usr/sbin'],
    units: ['redis-server.service'],
  },
];

const sshServer = {
  package: 'openssh-server',
  program: 'sshd',
  folders: ['/usr/sbin'],
  units: ['ssh.socket', 'ssh.service'],
};

/** Makes the certificates of the tests. */
const certificates = { package: 'openssl', program: 'openssl', folders: ['/usr/bin'] };

const pythonFolders = ['/usr/lib/python3/dist-packages'];

/** The other side of the interop tests, what its own tests need, and what makes a newer Debian to run them in. */
const pythonSide = [
  { package: 'python3-oslo.messaging', program: 'oslo_messaging', folders: pythonFolders },
  ...['eventlet', 'fixtures', 'oslotest', 'requests', 'testscenarios', 'testtools'].map((name) => ({
    package: `python3-${name}`,
    program: name,
    folders: pythonFolders,
  })),
  { package: 'debootstrap', program: 'debootstrap', folders: ['/usr/sbin'] },
  // Older ones lack the keys of the newer Debian.
  {
    package: 'debian-archive-keyring',
    program: 'debian-archive-trixie-stable.gpg',
    folders: ['/usr/share/keyrings'],
  },
];

const vitest = (...args) => [join(project, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args];

const purposes = {
  sandbox: {
    needs: programs,
    start: (rest) => ['--import', 'tsx', join(project, 'sandbox', 'main.ts'), ...rest],
  },
  test: {
    needs: [...programs, sshServer, certificates],
    start: (rest) => vitest('--project', 'unit', '--project', 'service', ...rest),
  },
  interop: {
    needs: [...programs, certificates, ...pythonSide],
    start: (rest) => vitest('--project', 'interop', ...rest),
  },
};

/** What is said instead of a stack trace. */
class CannotInstall extends Error {}

try {
  const [purpose = 'sandbox', ...rest] = process.argv.slice(2);
  const chosen = purposes[purpose];
  if (chosen === undefined) {
    throw new CannotInstall(`install.mjs knows: ${Object.keys(purposes).join(', ')}`);
  }
  checkNode();
  installModules();
  installPrograms(chosen.needs);
  process.exitCode = await handOver(chosen.start(rest));
} catch (error) {
  if (!(error instanceof CannotInstall)) {
    throw error;
  }
  console.error(error.message);
  process.exitCode = 1;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) {
    return;
  }
  throw new CannotInstall(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`);
}

/** `npm ci`, unless node_modules was made from this very package-lock.json. */
function installModules() {
  const lockFile = join(project, 'package-lock.json');
  const lock = readFileSync(lockFile, 'utf8');
  const marker = join(project, 'node_modules', '.watership-lock');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) {
    return;
  }
  // npm's own note of what it put there. Newer than the lock: somebody has installed by hand.
  const note = join(project, 'node_modules', '.package-lock.json');
  if (existsSync(note) && statSync(note).mtimeMs >= statSync(lockFile).mtimeMs) {
    return;
  }

  console.log('Installing the npm packages …');
  // npm tells what it runs where it itself is; outside npm it is on the PATH.
  const { npm_execpath: npm } = process.env;
  const start = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  run([...start, 'ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  writeFileSync(marker, lock);
}

/** What the purpose needs of the system by apt, where that can be; else says what to type. */
function installPrograms(needs) {
  const missing = missingPackages(needs);
  if (missing.length === 0) {
    return;
  }
  const asRoot = rootPrefix();
  if (process.platform !== 'linux' || findOnPath('apt-get') === undefined || asRoot === undefined) {
    throw new CannotInstall(
      `Missing: ${missing.join(', ')}. Install with:\n\n${byHand(missing)}\n\nThen try again.`,
    );
  }
  console.log(`Installing ${missing.join(' and ')} …`);
  withoutStartingServices(asRoot, () => {
    run([...asRoot, 'apt-get', 'update', '-qq']);
    run([
      ...asRoot,
      ...['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install'],
      ...['-y', '-qq', '--no-install-recommends', ...missing],
    ]);
  });
  keepOff(asRoot, needs, missing);
  const still = missingPackages(needs);
  if (still.length > 0) {
    throw new CannotInstall(`apt-get did not bring ${still.join(', ')}. Install with:\n\n${byHand(still)}`);
  }
}

/**
 * Debian starts a service as soon as its package is installed, unless policy-rc.d says no. Ours says no, and only
 * while this installs. One that is there already is somebody's: it is left alone.
 */
function withoutStartingServices(asRoot, install) {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  // Handled, so that Ctrl-C ends apt-get and not us: the policy must not stay.
  const ignore = () => undefined;
  for (const signal of endSignals) {
    process.on(signal, ignore);
  }
  try {
    if (isOurs) {
      run([...asRoot, 'install', '-m', '755', join(project, 'sandbox', 'no-services.sh'), policy]);
    }
    install();
  } finally {
    if (isOurs) {
      run([...asRoot, 'rm', '-f', policy]);
    }
    for (const signal of endSignals) {
      process.off(signal, ignore);
    }
  }
}

/** Not started now is not enough: it must not come up with the next boot either. */
function keepOff(asRoot, needs, installed) {
  if (!existsSync('/run/systemd/system')) {
    return;
  }
  const [program, ...args] = [...asRoot, 'systemctl', 'disable', '--quiet'];
  for (const { units = [], package: name } of needs) {
    if (!installed.includes(name)) {
      continue;
    }
    // One a unit: which of them there are depends on the system.
    for (const unit of units) {
      spawnSync(program, [...args, unit], { stdio: 'ignore' });
    }
  }
}

function missingPackages(needs) {
  return needs
    .filter(({ program, folders }) => findOnPath(program, folders) === undefined)
    .map((entry) => entry.package);
}

function findOnPath(program, more = []) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/opt/homebrew/sbin', ...more];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** What to put before a command that needs root, or undefined when there is no way. */
function rootPrefix() {
  if (process.getuid?.() === 0) {
    return [];
  }
  if (findOnPath('sudo') === undefined) {
    return undefined;
  }
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) {
    return ['sudo', '-n'];
  }
  return process.stdin.isTTY ? ['sudo'] : undefined;
}

/** The commands for this system. */
function byHand(packages) {
  const named = (names) => packages.map((name) => names[name] ?? name).join(' ');
  if (process.platform === 'darwin') {
    return `  brew install ${named({ 'rabbitmq-server': 'rabbitmq', 'redis-server': 'redis', 'openssh-server': 'openssh' })}`;
  }
  switch (systemFamily()) {
    case 'fedora':
      return `  sudo dnf install ${named({ 'redis-server': 'redis' })}`;
    case 'arch':
      return `  sudo pacman -S ${named({ 'rabbitmq-server': 'rabbitmq', 'redis-server': 'redis', 'openssh-server': 'openssh' })}`;
    case 'debian':
      return `  sudo apt-get update\n  sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
    default:
      return `  your system's package manager: ${packages.join(', ')} (RabbitMQ 3.10 or newer, Redis 7 or newer)`;
  }
}

function systemFamily() {
  if (!existsSync('/etc/os-release')) {
    return undefined;
  }
  const about = readFileSync('/etc/os-release', 'utf8');
  const ids = [...about.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, words]) => words.split(' '));
  return ['debian', 'fedora', 'arch'].find(
    (family) => ids.includes(family) || (family === 'debian' && ids.includes('ubuntu')),
  );
}

/** Runs a command to its end, with its output shown; it does not read our input. */
function run([program, ...args]) {
  const asks = program === 'sudo' && !args.includes('-n');
  const done = spawnSync(program, args, {
    cwd: project,
    stdio: [asks ? 'inherit' : 'ignore', 'inherit', 'inherit'],
  });
  if (done.status === 0) {
    return;
  }
  const how = done.error?.message ?? (done.signal ? `ended by ${done.signal}` : `exit code ${done.status}`);
  throw new CannotInstall(`This did not work (${how}):\n\n  ${[program, ...args].join(' ')}`);
}

/** Starts the real program and ends with it. When we die in whatever way, it sees our end of the channel close. */
function handOver(args) {
  const child = spawn(process.execPath, args, {
    cwd: project,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // Ctrl-C reaches it from the terminal too; twice does no harm. We stay until it has cleaned up.
  for (const signal of endSignals) {
    process.on(signal, () => child.kill(signal));
  }
  // Whoever started us may be killed without a chance to tell: then end what we started.
  const starters = startersOf(process.ppid);
  setInterval(() => {
    if (startersOf(process.ppid).join() !== starters.join()) {
      child.kill('SIGTERM');
    }
  }, 1_000).unref();
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** Our parent and, when npm started us through a shell, whoever is between: up to npm itself. */
function startersOf(parent) {
  const chain = [parent];
  for (let pid = parent; process.env.npm_execpath && chain.length < 4; chain.push(pid)) {
    if (/\bnpm\b/.test(readProc(pid, 'cmdline'))) {
      return chain;
    }
    // The parent's pid is the second field after the name in parentheses.
    pid = Number(readProc(pid, 'stat').split(') ').at(-1)?.split(' ')[1] ?? 0);
    if (!(pid > 1)) {
      break;
    }
  }
  return [parent];
}

/** Empty where there is no /proc, or no such process any more. */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
