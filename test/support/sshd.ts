import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../../sandbox/ports.ts';
import { removeFolder } from './remove-folder.ts';

/** A real sshd on 127.0.0.1, with keys and configuration of its own, for the user who runs the tests. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  /** The private key that it lets in. */
  readonly userKey: string;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
  /** `SHA256:…` of the host key. */
  readonly fingerprint: string;
  /** Thrown away with the server. */
  readonly folder: string;
  /** Everything that it has logged. */
  log(): string;
  /** Waits for a line of the log, also one that is already there. */
  logged(text: string): Promise<void>;
  /** Ends the sessions that are open as a crash would; the server itself goes on. */
  killSessions(): void;
}

/** Starts one, and resolves when it listens. `config` is added to its configuration file. */
export async function startSshd(config: readonly string[] = []): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-sshd-'));
  const user = userInfo().username;
  const [port = 0] = await freePorts(1);
  for (const name of ['host', 'user']) {
    sshKeygen('-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name));
  }
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, 'authorized_keys'), read('user.pub'), { mode: 0o600 });
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    // The folder is under /tmp, and no ordinary user may ask PAM.
    ...['StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'LogLevel VERBOSE'],
    ...config,
  ];
  writeFileSync(join(folder, 'sshd_config'), `${settings.join('\n')}\n`);
  // Debian's sshd separates its privileges there when root starts it; its service unit makes it otherwise.
  if (process.getuid?.() === 0) {
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  }
  // By its whole path: sshd starts itself again for every connection.
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const journal = journalOf(child);
  const sshd: Sshd = {
    ...{ port, user, folder, userKey: read('user'), ...journal },
    hostKey: read('host.pub').split(' ', 2).join(' '),
    fingerprint: sshKeygen('-l', '-f', join(folder, 'host.pub')).split(' ')[1] ?? '',
    killSessions: () => {
      sessionsOf(child.pid).forEach(end);
    },
    [Symbol.asyncDispose]: async () => {
      const sessions = sessionsOf(child.pid);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      sessions.forEach(end);
      await ended;
      removeFolder(folder);
    },
  };
  await journal.logged('Server listening');
  return sshd;
}

export function sshKeygen(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', [...args, '-q'], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`ssh-keygen ${args.join(' ')} failed: ${stderr}`);
  }
  return stdout;
}

function journalOf({ stderr, ...child }: ChildProcess): Pick<Sshd, 'log' | 'logged'> {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) {
      look();
    }
  };
  let hasEnded = false;
  if (stderr === null) {
    throw new Error(`sshd ${child.pid} has no output`);
  }
  const reader = createInterface({ input: stderr });
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  reader.once('close', () => {
    hasEnded = true;
    wake();
  });
  const log = (): string => lines.join('\n');
  return {
    log,
    logged: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (log().includes(text)) {
            resolve();
          } else if (hasEnded) {
            reject(new Error(`sshd ended without "${text}":\n${log()}`));
          } else {
            return;
          }
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** The processes of sshd under one, from /proc: every connection has one or two. */
function sessionsOf(parent: number | undefined): readonly number[] {
  if (parent === undefined) {
    return [];
  }
  const own = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
        return name.startsWith('sshd') && Number(rest.split(' ')[1]) === parent;
      } catch {
        // It ended between the list and the look.
        return false;
      }
    });
  return own.flatMap((pid) => [...sessionsOf(pid), pid]);
}
