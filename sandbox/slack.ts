import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Supervisor } from './supervisor.ts';
import { waitFor } from './wait.ts';
import { whileAlive } from './while-alive.ts';

/** The workspace of the sandbox. Ids are fixed so that people and tests can write them down. */
export const workspace = {
  botToken: 'xoxb-watership-sandbox',
  appToken: 'xapp-watership-sandbox',
  channels: { 'rabbit-alerts': 'C0ALERTS', general: 'C0GENERAL' },
  people: { alice: 'U01ALICE', bob: 'U02BOB', carol: 'U03CAROL', dave: 'U04DAVE' },
} as const;

const realNames = {
  alice: 'Alice (approver)',
  bob: 'Bob (approver)',
  carol: 'Carol (admin approver)',
  dave: 'Dave (no rights)',
} as const satisfies Record<keyof typeof workspace.people, string>;

/** Where the local Slack is reached. */
export interface LocalSlack {
  readonly url: string;
  readonly apiUrl: string;
  readonly controlUrl: string;
}

/** Starts the local Slack. Resolves when its page answers. */
export async function startSlack(options: {
  readonly folder: string;
  readonly port: number;
  readonly supervisor: Supervisor;
}): Promise<LocalSlack> {
  mkdirSync(options.folder, { recursive: true });
  const config = join(options.folder, 'workspace.json');
  writeFileSync(config, JSON.stringify(describeWorkspace(), null, 2));
  const slack = options.supervisor.start({
    name: 'local-slack',
    argv: [findLocalSlack(), '--config', config, '--port', String(options.port), '--base-host', '127.0.0.1'],
    // It leaves a folder of its own behind there.
    env: { TMPDIR: options.folder },
    logFile: join(options.folder, 'slack.log'),
  });
  const url = `http://127.0.0.1:${options.port}`;
  await whileAlive(
    slack,
    waitFor('the Slack page to answer', async () => (await fetch(`${url}/_control/state`)).ok, {
      withinMs: 20_000,
    }),
  );
  return { url, apiUrl: `${url}/api/`, controlUrl: `${url}/_control` };
}

function describeWorkspace() {
  const people = Object.entries(workspace.people);
  const members = [...people.map(([, id]) => id), 'U0WATERSHIP'];
  const fullNames: Readonly<Record<string, string>> = realNames;
  return {
    workspace: { name: 'Watership sandbox', domain: 'watership-sandbox', teamId: 'T0WATERSHIP' },
    apps: [
      {
        appId: 'A0WATERSHIP',
        botUserId: 'U0WATERSHIP',
        botName: 'watership',
        botToken: workspace.botToken,
        appToken: workspace.appToken,
        signingSecret: 'watership-sandbox',
        mode: 'socket',
      },
    ],
    users: people.map(([name, id]) => ({
      id,
      name,
      real_name: fullNames[name] ?? name,
      tz: 'Europe/Berlin',
    })),
    channels: Object.entries(workspace.channels).map(([name, id]) => ({ id, name, members })),
  };
}

function findLocalSlack(): string {
  try {
    const require = createRequire(import.meta.url);
    const binary = join(dirname(require.resolve('local-slack-linux-x64/package.json')), 'bin', 'local-slack');
    if (existsSync(binary)) {
      return binary;
    }
  } catch {
    // Said below.
  }
  throw new Error(
    'The local Slack is missing: the npm package local-slack-linux-x64 is an optional dependency for Linux on x64. ' +
      'On such a machine run: npm ci --include=optional',
  );
}
