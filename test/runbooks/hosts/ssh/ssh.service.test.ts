import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { readPin } from '../../../../src/runbooks/hosts/ssh/host-key.ts';
import type { SshSettings } from '../../../../src/runbooks/hosts/ssh/settings.ts';
import { type HostSettings, type OpenHosts, openHosts } from '../../../../src/runbooks/index.ts';
import { type Sshd, sshKeygen, startSshd } from '../../../support/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd(['AcceptEnv *']);
});
afterAll(async () => await sshd[Symbol.asyncDispose]());

function pinOf(text: string): SshSettings['trust'] {
  const pin = readPin(text);
  if (pin === undefined) {
    throw new Error(`no pin: ${text}`);
  }
  return { kind: 'pin', pin };
}

const settingsFor = (server: Sshd, more: Partial<SshSettings> = {}): SshSettings => ({
  address: '127.0.0.1',
  port: server.port,
  user: server.user,
  key: server.userKey,
  trust: pinOf(server.hostKey),
  connectTimeoutMs: 10_000,
  ...more,
});

const hostOver = (ssh: SshSettings, command: readonly string[] = ['true']): HostSettings => ({
  via: 'ssh',
  preset: 'custom',
  operations: { 'service.restart': command },
  addresses: [],
  ssh,
});

/** Hosts that are closed when the test ends. */
function open(hosts: Readonly<Record<string, HostSettings>>): OpenHosts {
  const opened = openHosts(hosts);
  onTestFinished(async () => await opened.close());
  return opened;
}

const restart = (host = 'ctl1', args: Readonly<Record<string, string>> = { service: 'nova-compute' }) =>
  ({ host, operation: 'service.restart', args }) as const;

const run = (
  command: readonly string[],
  { timeoutMs = 20_000, ...more }: { timeoutMs?: number; signal?: AbortSignal } = {},
  ssh: Partial<SshSettings> = {},
) => open({ ctl1: hostOver(settingsFor(sshd, ssh), command) }).run(restart(), { timeoutMs, ...more });

const node = (script: string, ...args: readonly string[]) => [process.execPath, '-e', script, '--', ...args];

/** A command that says when it runs, and would go on for long; what is left of it is ended with the test. */
function endless() {
  const folder = mkdtempSync(join(tmpdir(), 'watership-endless-'));
  const file = join(folder, 'pid');
  const watcher = watch(folder);
  const pid = (): number => Number(existsSync(file) ? readFileSync(file, 'utf8') : '');
  onTestFinished(() => {
    watcher.close();
    try {
      process.kill(pid(), 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
    rmSync(folder, { recursive: true });
  });
  return {
    command: ['sh', '-c', `echo $$ > ${file}; exec sleep 60`],
    runs: async () => {
      while (!(pid() > 0)) {
        await once(watcher, 'change');
      }
    },
  };
}

describe('a command over SSH', () => {
  test('that ends well gives its output, both streams', async () => {
    const answer = await run(node('console.log("out"); console.error("err")'));
    expect(answer).toMatchObject({ kind: 'done', exitCode: 0 });
    expect(answer).toHaveProperty('output', expect.stringContaining('out\n'));
    expect(answer).toHaveProperty('output', expect.stringContaining('err\n'));
  });

  test('that fails gives its exit code and what it said', async () => {
    expect(await run(node('console.error("no such unit"); process.exit(5)'))).toEqual({
      kind: 'failed',
      exitCode: 5,
      output: 'no such unit\n',
    });
  });

  test('that is not there fails as the shell there tells it', async () => {
    expect(await run(['no-such-program-anywhere'])).toMatchObject({
      kind: 'failed',
      exitCode: 127,
      output: expect.stringContaining('not found'),
    });
  });

  test('that is ended by a signal is unknown', async () => {
    expect(await run(['sh', '-c', 'kill -KILL $$'])).toMatchObject({
      kind: 'unknown',
      because: 'sh was ended by SIGKILL',
    });
  });

  test('may say more than is kept: the end is kept', async () => {
    const answer = await run(
      node('process.stdout.write("x".repeat(1_000_000) + "the reason", () => process.exit(3))'),
    );
    if (answer.kind !== 'failed') {
      throw new Error(`it ended with ${answer.kind}`);
    }
    expect(Buffer.byteLength(answer.output)).toBeLessThanOrEqual(64 * 1024 + 8);
    expect(answer.output.startsWith('… x')).toBe(true);
    expect(answer.output.endsWith('the reason')).toBe(true);
  });

  test('gets no input, and nothing of the environment of the bot', async () => {
    vi.stubEnv('SLACK_BOT_TOKEN', 'xoxb-secret');
    vi.stubEnv('LC_WATERSHIP', 'secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const answer = await run(['sh', '-c', 'cat; env']);
    expect(answer).toHaveProperty('output', expect.stringContaining('SSH_CONNECTION='));
    expect(answer).not.toHaveProperty('output', expect.stringMatching(/secret|SLACK|LC_WATERSHIP/));
  });

  test('may leave a daemon behind that holds its output open', async () => {
    const { command, runs } = endless();
    const answer = await run(['sh', '-c', '"$@" & echo started', 'sh', ...command]);
    expect(answer).toMatchObject({ kind: 'done', output: 'started\n' });
    await runs();
  });

  test('that takes too long is unknown: it may run on', async () => {
    const { command } = endless();
    expect(await run(command, { timeoutMs: 1_500 })).toEqual({
      kind: 'unknown',
      because: 'the time limit of 1.5 s ran out; sh may still be running',
    });
  });

  test('that is called off while it runs is unknown, and before it began is not started', async () => {
    const { command, runs } = endless();
    const stopping = new AbortController();
    const running = run(command, { signal: stopping.signal });
    await runs();
    stopping.abort();
    expect(await running).toEqual({
      kind: 'unknown',
      because: 'the request was cancelled; sh may still be running',
    });
    expect(await run(command, { signal: stopping.signal })).toMatchObject({ kind: 'not-started' });
  });

  test('whose connection breaks while it runs is unknown, and the next one connects anew', async () => {
    const { command, runs } = endless();
    await using server = await startSshd();
    const hosts = open({
      ctl1: {
        ...hostOver(settingsFor(server), command),
        operations: { 'service.restart': command, 'service.status': ['true'] },
      },
    });
    const running = hosts.run(restart(), { timeoutMs: 20_000 });
    await runs();
    server.killSessions();
    expect(await running).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('while sh ran'),
    });
    const status = { host: 'ctl1', operation: 'service.status', args: { service: 'x' } } as const;
    expect((await hosts.run(status, { timeoutMs: 20_000 })).kind).toBe('done');
  });

  test('that the server refuses was never started', async () => {
    await using server = await startSshd(['MaxSessions 0']);
    const hosts = open({ ctl1: hostOver(settingsFor(server)) });
    expect(await hosts.run(restart(), { timeoutMs: 20_000 })).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('the host refused to run true'),
    });
  });
});

describe('arguments over SSH', () => {
  const hostile = [
    '$(touch /tmp/watership-pwned)',
    '`id`',
    '; id',
    '| id',
    '&& id',
    '> /tmp/watership-pwned',
    "it's",
    '"',
    '\\',
    "'\\''",
    '*',
    '~',
    '$HOME',
    '-n',
    '',
    ' a  b\t',
    '!!',
    '#',
    '日本 é \u202e',
  ];

  test('arrive as they are: no shell reads them', async () => {
    const answer = await run(node('console.log(JSON.stringify(process.argv.slice(1)))', ...hostile));
    expect(answer).toHaveProperty('output', `${JSON.stringify(hostile)}\n`);
    expect(existsSync('/tmp/watership-pwned')).toBe(false);
  });

  test('that a line cannot hold, or that no service is named by, are refused before anybody is dialled', async () => {
    await using server = await startSshd();
    const settings = settingsFor(server);
    for (const bad of ['a\nid', 'a\rb', 'a\0b', '\ud800']) {
      expect(
        await open({ ctl1: hostOver(settings, ['echo', bad]) }).run(restart(), { timeoutMs: 5_000 }),
      ).toMatchObject({ kind: 'not-started', because: expect.stringContaining('nothing was sent') });
    }
    const hosts = open({ ctl1: hostOver(settings, ['echo', '{service}']) });
    for (const service of hostile) {
      expect((await hosts.run(restart('ctl1', { service }), { timeoutMs: 5_000 })).kind).toBe('not-started');
    }
    expect(server.log()).not.toContain('Connection from');
    expect((await hosts.run(restart(), { timeoutMs: 20_000 })).kind).toBe('done');
    expect(server.log()).toContain('Connection from');
  });
});

describe('the host’s key', () => {
  const withTrust = (trust: SshSettings['trust']) => run(['true'], {}, { trust });
  const fileWith = (text: string): SshSettings['trust'] & { kind: 'known-hosts' } => {
    const path = join(mkdtempSync(join(sshd.folder, 'known-')), 'known_hosts');
    writeFileSync(path, text);
    return { kind: 'known-hosts', path };
  };

  test('is accepted by its fingerprint, its text, and its line of known_hosts, hashed too', async () => {
    expect((await withTrust(pinOf(sshd.fingerprint))).kind).toBe('done');
    expect((await withTrust(pinOf(sshd.hostKey))).kind).toBe('done');
    const file = fileWith(`[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    expect((await withTrust(file)).kind).toBe('done');
    sshKeygen('-H', '-f', file.path);
    expect(readFileSync(file.path, 'utf8')).toMatch(/^\|1\|/);
    expect((await withTrust(file)).kind).toBe('done');
  });

  test('that is not pinned is refused before the login, and the advice works', async () => {
    const file = fileWith('');
    await using server = await startSshd();
    const ask = () =>
      open({ ctl1: hostOver(settingsFor(server, { trust: file })) }).run(restart(), { timeoutMs: 20_000 });
    const answer = await ask();
    if (answer.kind !== 'not-started') {
      throw new Error(answer.kind);
    }
    expect(answer.because).toContain(`The host shows ssh-ed25519 ${server.fingerprint}`);
    expect(server.log()).not.toContain('Accepted');
    const [, program = '', rest = ''] = /`(ssh-keyscan) ([^`]+)`/.exec(answer.because) ?? [];
    const scan = spawn(program, rest.split(' '), { stdio: ['ignore', 'pipe', 'ignore'] });
    scan.stdout.setEncoding('utf8');
    let lines = '';
    for await (const chunk of scan.stdout) {
      lines += chunk;
    }
    writeFileSync(file.path, lines);
    expect((await ask()).kind).toBe('done');
  });

  test('that changed is refused loudly, with both fingerprints', async () => {
    await using other = await startSshd();
    const answer = await withTrust(pinOf(other.hostKey));
    expect(answer).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('IS NOT THE PINNED ONE'),
    });
    expect(answer).toHaveProperty('because', expect.stringContaining(sshd.fingerprint));
    expect(answer).toHaveProperty('because', expect.stringContaining(other.fingerprint));
  });
});

describe('the login', () => {
  test('with a key that is not accepted says which key, and where it belongs', async () => {
    await using other = await startSshd();
    const answer = await run(['true'], {}, { key: other.userKey });
    expect(answer).toMatchObject({
      kind: 'not-started',
      because: expect.stringMatching(
        /rejected the login of .* with the key ssh-ed25519 SHA256:.*authorized_keys/,
      ),
    });
  });

  test('takes the keys of an agent', async () => {
    const { key: _, ...keyless } = settingsFor(sshd);
    const socket = join(sshd.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void agent.kill('SIGKILL'));
    await once(agent.stdout, 'data');
    const ask = () =>
      open({ ctl1: hostOver({ ...keyless, agentSocket: socket }) }).run(restart(), { timeoutMs: 20_000 });
    expect(await ask()).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('the keys of the SSH agent'),
    });
    const add = spawn('ssh-add', [join(sshd.folder, 'user')], {
      env: { SSH_AUTH_SOCK: socket },
      stdio: 'ignore',
    });
    await once(add, 'exit');
    expect((await ask()).kind).toBe('done');
  });
});

describe('a connection', () => {
  const logins = (server: Sshd): number => server.log().split('Accepted publickey').length - 1;

  test('is one for all commands of a host, and ends when the hosts are closed', async () => {
    await using server = await startSshd();
    const hosts = open({ ctl1: hostOver(settingsFor(server)) });
    const ask = () => hosts.run(restart(), { timeoutMs: 20_000 });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect([...answers, await ask()].map(({ kind }) => kind)).toEqual(['done', 'done', 'done', 'done']);
    expect(logins(server)).toBe(1);
    await hosts.close();
    await server.logged('Disconnected from user');
    expect(await ask()).toMatchObject({ kind: 'not-started', because: expect.stringContaining('closed') });
  });

  test('goes through a jump host, whose end ends it', async () => {
    await using jump = await startSshd();
    const { command, runs } = endless();
    const hosts = open({
      bastion: hostOver(settingsFor(jump)),
      ctl1: hostOver(settingsFor(sshd, { jump: 'bastion' })),
      ctl2: hostOver(settingsFor(sshd, { jump: 'bastion' }), command),
    });
    expect((await hosts.run(restart(), { timeoutMs: 20_000 })).kind).toBe('done');
    expect(logins(jump)).toBe(1);
    const running = hosts.run(restart('ctl2'), { timeoutMs: 20_000 });
    await runs();
    expect(logins(jump)).toBe(1);
    jump.killSessions();
    expect((await running).kind).toBe('unknown');
  });

  test('that is being ended is not used: nothing was started, and it is said', async () => {
    await using jump = await startSshd();
    const hosts = open({
      bastion: hostOver(settingsFor(jump)),
      ctl1: hostOver(settingsFor(sshd)),
      ctl2: hostOver(settingsFor(sshd, { jump: 'bastion' })),
    });
    const ask = (host: string) => hosts.run(restart(host), { timeoutMs: 20_000 });
    await Promise.all([ask('ctl1'), ask('bastion')]);
    const late = [ask('ctl1'), ask('ctl2')];
    await hosts.close();
    for (const answer of await Promise.all(late)) {
      expect(answer).toMatchObject({ kind: 'not-started' });
    }
  });

  test('through a jump host that forwards nothing, or that is not trusted, is not started', async () => {
    await using jump = await startSshd(['AllowTcpForwarding no']);
    const through = (trust: SshSettings['trust']) =>
      open({
        bastion: hostOver(settingsFor(jump, { trust })),
        ctl1: hostOver(settingsFor(sshd, { jump: 'bastion' })),
      }).run(restart(), { timeoutMs: 20_000 });
    expect(await through(pinOf(jump.hostKey))).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('bastion could not reach ctl1'),
    });
    expect(await through(pinOf(sshd.hostKey))).toMatchObject({
      kind: 'not-started',
      because: expect.stringMatching(/^ctl1 is reached through bastion: THE KEY OF bastion IS NOT/),
    });
  });
});

describe('a file over SSH', () => {
  const read = (path: string) =>
    open({ ctl1: hostOver(settingsFor(sshd)) }).run(
      { host: 'ctl1', operation: 'file.read', args: { path } },
      { timeoutMs: 20_000 },
    );

  test('is read whole, also a long one; one that is too long or not there fails', async () => {
    const path = join(sshd.folder, 'haproxy.cfg');
    const text = 'listen rabbit\n'.repeat(70_000);
    writeFileSync(path, text);
    expect(await read(path)).toEqual({ kind: 'done', exitCode: 0, output: text });
    writeFileSync(path, 'x'.repeat(1024 * 1024 + 1));
    expect(await read(path)).toMatchObject({
      kind: 'failed',
      output: expect.stringContaining('larger than'),
    });
    expect(await read(join(sshd.folder, 'none'))).toMatchObject({
      kind: 'failed',
      output: expect.stringContaining('No such file'),
    });
  });
});
