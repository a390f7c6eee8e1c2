import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readPin } from '../../../../src/runbooks/hosts/ssh/host-key.ts';
import { openHosts } from '../../../../src/runbooks/index.ts';
import { sshKeyPair } from '../../../support/ssh-keys.ts';

const { Server } = ssh2;
const hostKey = sshKeyPair();
const userKey = sshKeyPair();

/** What a server does with a command; `accept` says yes to it. */
type Conduct = (client: Connection, accept: () => ServerChannel, reject: () => void) => void;

/** What comes of a restart by a server that behaves so. */
async function restartBy(conduct: Conduct) {
  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (login) => login.accept());
    client.on('session', (acceptSession) => {
      acceptSession().on('exec', (accept, reject) => conduct(client, accept, reject));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const trust = readPin(hostKey.public);
  const address: unknown = server.address();
  const port = typeof address === 'object' && address !== null ? Number(Reflect.get(address, 'port')) : 0;
  if (trust === undefined) {
    throw new Error('no pin');
  }
  const hosts = openHosts({
    ctl1: {
      via: 'ssh',
      preset: 'custom',
      operations: { 'service.restart': ['restart'] },
      addresses: [],
      ssh: {
        address: '127.0.0.1',
        port,
        user: 'ops',
        key: userKey.private,
        trust: { kind: 'pin', pin: trust },
        connectTimeoutMs: 10_000,
      },
    },
  });
  onTestFinished(async () => {
    await hosts.close();
    server.close();
  });
  const request = { host: 'ctl1', operation: 'service.restart', args: { service: 'nova' } } as const;
  return await hosts.run(request, { timeoutMs: 3_000 });
}

/** Closes the channel of the command before it has been answered, which the library offers nobody. */
const closeUnanswered: Conduct = (client) => {
  const protocol: unknown = Reflect.get(client, '_protocol');
  if (typeof protocol === 'object' && protocol !== null) {
    Reflect.get(protocol, 'channelClose').call(protocol, 0);
  }
};

describe('a command over SSH is unknown, and never “not started”,', () => {
  test.each<[string, Conduct]>([
    ['when the server never answers', () => {}],
    ['when it closes the channel instead of answering', closeUnanswered],
    ['when it hangs up instead of answering', (client) => void client.end()],
    ['when it says yes and nothing about the end', (_, accept) => void accept().close()],
  ])('%s', async (_what, conduct) => {
    expect(await restartBy(conduct)).toMatchObject({ kind: 'unknown' });
  });

  test('but is when the server says no', async () => {
    expect(await restartBy((_client, _accept, reject) => reject())).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining('the host refused to run restart: Unable to exec'),
    });
  });
});
