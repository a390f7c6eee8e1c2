import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SlackConfig } from '../../../src/bot/config/config.ts';
import { ALICE, BOB, CAROL, CHANNEL, DAVE } from '../fakes/world.ts';

/** A message as the stand-in keeps it. */
export interface KeptMessage {
  readonly ts: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly subtype?: string;
  readonly ephemeral_to?: string;
  readonly blocks?: readonly { readonly type: string; readonly block_id?: string }[];
}

/** The local Slack stand-in, with people and a channel, driven as people would. */
export interface LocalSlack extends AsyncDisposable {
  readonly url: string;
  readonly config: SlackConfig;
  messages(): Promise<readonly KeptMessage[]>;
  /** Types a command; the answer comes as a message. */
  command(user: string, text: string): Promise<void>;
  /** Presses a button of a message. */
  press(user: string, messageTs: string, actionId: string, value: string): Promise<void>;
  openHome(user: string): Promise<void>;
  /** Ends it as a crash would, and starts it again, empty, at the same address. */
  kill(): Promise<void>;
  bringBack(): Promise<void>;
}

export async function localSlack(): Promise<LocalSlack> {
  const folder = await mkdtemp(join(tmpdir(), 'watership-slack-'));
  const port = await freePort();
  const configPath = join(folder, 'workspace.json');
  await writeFile(configPath, JSON.stringify(workspace));
  const url = `http://127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const argv = ['--config', configPath, '--port', String(port), '--base-host', '127.0.0.1'];
    const started = spawn(binary(), argv, { stdio: 'ignore' });
    await untilAnswering(`${url}/_control/state`, started);
    return started;
  };
  let server = await start();
  const kill = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  };

  const control = async (path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${url}/_control/${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) {
      throw new Error(`the stand-in refused ${path}: ${answer.status} ${await answer.text()}`);
    }
    return await answer.json();
  };

  return {
    url,
    config: {
      mode: 'socket',
      botToken: 'xoxb-test',
      appToken: 'xapp-test',
      channel: CHANNEL,
      apiUrl: `${url}/api/`,
    },
    async messages() {
      // The stand-in's own format.
      const { messages } = (await control(`messages/${CHANNEL}`)) as { messages: KeptMessage[] };
      return messages;
    },
    async command(user, text) {
      await control('command', { channel: CHANNEL, user, command: '/rabbit', text });
    },
    async press(user, messageTs, actionId, value) {
      const action = { type: 'button', action_id: actionId, block_id: 'b', value };
      await control('interact', { channel: CHANNEL, messageTs, user, action });
    },
    async openHome(user) {
      await control('open-home', { user });
    },
    kill,
    async bringBack() {
      server = await start();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const people = { alice: ALICE, bob: BOB, carol: CAROL, dave: DAVE };
const realNames = { alice: 'Alice Anderson', bob: 'Bob Brown', carol: 'Carol Clark', dave: 'Dave Dunn' };

const workspace = {
  workspace: { name: 'Test', domain: 'test', teamId: 'T1' },
  apps: [
    {
      appId: 'A1',
      botUserId: 'U0BOT',
      botName: 'watership',
      botToken: 'xoxb-test',
      appToken: 'xapp-test',
      signingSecret: 'test',
      mode: 'socket',
    },
  ],
  users: Object.entries(people).map(([name, id]) => ({
    id,
    name,
    real_name: realNames[name as keyof typeof realNames],
  })),
  channels: [{ id: CHANNEL, name: 'rabbit-alerts', members: [...Object.values(people), 'U0BOT'] }],
};

function binary(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('local-slack-linux-x64/package.json')), 'bin', 'local-slack');
}

async function untilAnswering(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) {
      throw new Error(`the stand-in ended with ${server.exitCode}`);
    }
    const isThere = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the stand-in did not answer within 10 s');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('no port');
  }
  return address.port;
}
