import { expect, test } from 'vitest';
import { hostChecks } from '../../../../src/bot/cli/check/check-hosts.ts';
import type { HostSettings } from '../../../../src/runbooks/index.ts';
import { openHosts, readPin } from '../../../../src/runbooks/index.ts';
import { type Sshd, startSshd } from '../../../support/sshd.ts';

const pinOf = (text: string) => {
  const pin = readPin(text);
  if (pin === undefined) {
    throw new Error(`no pin: ${text}`);
  }
  return { kind: 'pin', pin } as const;
};

async function verdictOf(sshd: Sshd, more: Partial<Extract<HostSettings, { via: 'ssh' }>> = {}) {
  const host: HostSettings = {
    ...{ via: 'ssh', preset: 'custom', addresses: [], operations: {} },
    ssh: {
      ...{ address: '127.0.0.1', port: sshd.port, user: sshd.user, key: sshd.userKey },
      ...{ trust: pinOf(sshd.hostKey), connectTimeoutMs: 10_000 },
    },
    ...more,
  };
  const hosts = openHosts({ ctl1: host });
  const [check] = [...hostChecks({ hosts: { ctl1: host } }, hosts)];
  return await check?.ask().finally(() => hosts.close());
}

test('check logs in to a host over SSH, looks for the programs, and runs none of them', async () => {
  await using sshd = await startSshd();
  expect(await verdictOf(sshd)).toEqual({
    state: 'ok',
    text: 'reached; it has no commands; only files are read there',
  });
  expect(
    await verdictOf(sshd, { operations: { 'node.stop': ['sh', '-c', 'exit 1'], 'node.start': ['env'] } }),
  ).toEqual({
    state: 'ok',
    text: 'reached; found sh and env; not run',
  });
  expect(await verdictOf(sshd, { operations: { 'node.stop': ['no-such-program', '{node}'] } })).toEqual({
    state: 'bad',
    text: 'reached; there is no program no-such-program, which node.stop would run',
  });
  expect(
    await verdictOf(sshd, { operations: { 'node.stop': ['sudo', '-n', '--', 'no-such-program'] } }),
  ).toEqual({
    state: 'bad',
    text: expect.stringContaining('there is no program no-such-program, which node.stop would run'),
  });
});

test('check says that a host shows another key than the pinned one', async () => {
  await using sshd = await startSshd();
  await using other = await startSshd();
  const { port, user, userKey: key } = sshd;
  const trust = pinOf(other.hostKey);
  const ssh = { address: '127.0.0.1', port, user, key, trust, connectTimeoutMs: 10_000 };
  expect(await verdictOf(sshd, { ssh })).toEqual({
    state: 'bad',
    text: expect.stringContaining('THE KEY OF ctl1 IS NOT THE PINNED ONE'),
  });
});

test('check says that a login runs no command', async () => {
  await using sshd = await startSshd(['ForceCommand echo This account is locked; exit 1']);
  expect(await verdictOf(sshd)).toEqual({
    state: 'bad',
    text: 'the login works, but the host runs no command (exit code 1): This account is locked',
  });
});
