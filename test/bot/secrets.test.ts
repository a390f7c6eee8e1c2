// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { once } from 'node:events';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redactedHosts } from '../../src/bot/cluster/hosts.ts';
import { exposedFiles } from '../../src/bot/config/file/exposed-files.ts';
import { recognisable } from '../../src/bot/config/file/own-secrets.ts';
import { parseConfig } from '../../src/bot/config/load.ts';
import { serveHealth } from '../../src/bot/health/server.ts';
import { createVitals } from '../../src/bot/health/vitals.ts';
import { noticeOf } from '../../src/bot/notify/notice.ts';
import { openWebhook } from '../../src/bot/notify/webhook.ts';
import { createLog } from '../../src/bot/process/log.ts';
import { redactStart } from '../../src/bot/process/redact.ts';
import { entryText } from '../../src/bot/record/entry-text.ts';
import {
  actions,
  button,
  context,
  header,
  linesSection,
  mrkdwn,
  notification,
  pairs,
  plainSection,
  small,
} from '../../src/bot/slack/message/blocks.ts';
import { code, literal } from '../../src/bot/slack/message/escape.ts';
import { adaptTo } from '../../src/bot/slack/send/local-slack.ts';
import { openSlackPort } from '../../src/bot/slack/send/web-client-port.ts';
import { redactedStores } from '../../src/bot/stores/redacted.ts';
import type { HostAnswer, HostRequest } from '../../src/runbooks/index.ts';
import { configFile, runProgramWith } from './cli/run-program.ts';
import { fakeClock } from './fakes/clock.ts';
import { fakeStores } from './fakes/stores.ts';
import { openIncident, proposedRun } from './fakes/world.ts';

/*
 * Every way on which a text leaves the process is fed every secret here, in every form in which a library may repeat it. A new
 * way out (a log, a message, a file) gets its line in `waysOut`.
 */

const secrets: Readonly<Record<string, string>> = {
  BOT: 'xoxb-1-Quillwort',
  APP: 'xapp-1-Sundew',
  SIGNING: 'bladderwort0signing',
  SIGNING_OLD: 'butterwort0signing',
  RABBIT: 'p@ss/word "of" cat’s-ear & <sorrel> *oak*',
  REDIS: 'stonecrop+redis',
  TRANSPORT: 'hogweed-transport',
  HOOK: 'toadflax-hook-path',
};

const file = (here: string): string => `
slack: { mode: http, port: 3000, signingSecret: ["\${SIGNING}", "\${SIGNING_OLD}"], botToken: "\${BOT}", appToken: "\${APP}", channel: C0ALERTS, apiUrl: "${here}/api/" }
redis: { url: "redis://:\${REDIS}@127.0.0.1:1/0" }
notify: { webhook: "http://127.0.0.1:1/\${HOOK}" }
clusters:
  - name: house
    username: watership
    password: "\${RABBIT}"
    reachedBy: { transportUrl: "rabbit://nova:\${TRANSPORT}@10.0.0.1:5672,nova:\${TRANSPORT}@10.0.0.2:5672/" }
    nodes: [ { name: rabbit@a, management: "${here}", amqp: "amqp://127.0.0.1:1", epmd: false } ]
`;

const basic = Buffer.from(`watership:${secrets['RABBIT']}`).toString('base64');
const forms = [
  ...Object.values(secrets).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    Buffer.from(secret).toString('base64'),
  ]),
  basic,
];
/** A text of a thing that repeats what it was given. */
const leak = `refused: ${forms.join(' | ')} | redis://:${secrets['REDIS']}@h/0 | Authorization: Basic ${basic}`;

const leaksIn = (out: string): readonly string[] => forms.filter((form) => out.includes(form));

/** Everything that was sent to it, and an answer that repeats all of it. */
const echo = (() => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    const given = new URLSearchParams(body);
    // A token is Slack's own to have: it comes in a header or the form, and is no leak there.
    given.delete('token');
    bodies.push(request.url === '/hook' ? body : decodeURIComponent(given.toString().replaceAll('+', ' ')));
    response.writeHead(request.url?.startsWith('/api/') && request.method === 'GET' ? 500 : 200, {
      'content-type': 'application/json',
    });
    response.end(
      JSON.stringify({ ok: false, error: leak, reason: `${request.headers.authorization ?? ''} ${leak}` }),
    );
  });
  return { server, bodies };
})();

let here = '';
beforeAll(async () => {
  echo.server.listen(0, '127.0.0.1');
  await once(echo.server, 'listening');
  const address = echo.server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  here = `http://127.0.0.1:${address.port}`;
  const loaded = parseConfig(file(here), 'watership.yaml', { read: (name) => secrets[name] });
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
});
afterAll(async () => {
  echo.server.closeAllConnections();
  echo.server.close();
});

/** Runs a command of the command line with these secrets, and answers with all that it printed. */
async function printed(...argv: readonly string[]): Promise<string> {
  const { out, err } = await runProgramWith(
    { variables: secrets },
    ...argv,
    '--config',
    configFile(file(here)),
  );
  return `${out}\n${err}`;
}

/** Every secret where a text of this length is cut, so that a half of it would be left. */
const atTheCut = (length: number, before: string): readonly string[] =>
  Object.values(secrets).map(
    (secret) => `${before.repeat(length).slice(0, length - 9)} ${secret} and more${' x'.repeat(5_000)}`,
  );
/** What is left of a secret that was cut. */
const halves = Object.values(secrets).map((secret) => secret.slice(0, 7));
const halvesIn = (out: string): readonly string[] => halves.filter((half) => out.includes(half));

/** Every length at which something of ours cuts a text. */
const lengths = [62, 75, 150, 200, 240, 250, 300, 400, 500, 600, 1_000, 3_000, 4_000];

const section = { type: 'section' as const, text: { type: 'plain_text' as const, text: leak } };
const titled = { title: { type: 'plain_text' as const, text: 'x' }, blocks: [section] };

async function sentToSlack(): Promise<string> {
  const config = {
    mode: 'socket',
    botToken: secrets['BOT'] ?? '',
    channel: 'C1',
    apiUrl: `${here}/api/`,
  } as const;
  const slack = openSlackPort(config, fakeClock());
  const message = { channel: 'C1', text: leak, blocks: [section] };
  const from = echo.bodies.length;
  const tried = await Promise.allSettled([
    slack.postMessage(message),
    slack.updateMessage({ ...message, ts: '1.2' }),
    slack.postEphemeral({ ...message, user: 'U1' }),
    slack.openView('t', { type: 'modal', ...titled }),
    slack.updateView('V1', { type: 'modal', ...titled }),
    slack.publishHome('U1', { type: 'home', blocks: [section] }),
  ]);
  expect(tried.every(({ status }) => status === 'rejected')).toBe(true);
  const sent = echo.bodies.slice(from);
  expect(sent.length).toBeGreaterThanOrEqual(6);
  return sent.join('\n');
}

async function servedByHealth(path: string): Promise<string> {
  const vitals = createVitals();
  vitals.failed(leak);
  const health = await serveHealth({
    listen: { host: '127.0.0.1', port: 0 },
    isReady: () => true,
    vitals,
    report: async () => ({
      status: 'failing',
      redis: 'ok',
      slack: 'ok',
      pendingUpdates: { count: 1, longestSeconds: 1, isLate: true, because: leak },
      clusters: {},
    }),
  });
  try {
    return await (await fetch(`http://127.0.0.1:${health.port}${path}`)).text();
  } finally {
    await health.close();
  }
}

async function stored(): Promise<string> {
  const kept = fakeStores(fakeClock());
  const stores = redactedStores(kept);
  const entry = { atMs: 1, actor: 'watership', event: 'run.error', text: leak };
  await stores.incidents.put(openIncident, 0, entry, [{ atMs: 1, text: leak }]);
  await stores.incidents.note(openIncident.id, [{ atMs: 1, text: leak }]);
  await stores.runs.put(proposedRun(), 0, entry, [{ atMs: 1, text: leak }]);

  return JSON.stringify([entryText(entry), [...kept.kept.timelines]]);
}

function logged(): string {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => lines.push(line) });
  const cause = new Error(leak);
  log.error({ err: new Error(leak, { cause }), detail: leak, deep: { er: [leak] } }, leak);
  log.debug(leak);
  expect(lines.map((line) => typeof JSON.parse(line))).toEqual(['object', 'object']);
  return lines.join('');
}

/** Everything that makes a text fit for Slack. */
const shownBy = (text: string) => ({
  text: notification(text),
  blocks: [
    header(text),
    linesSection(text, [text, text]),
    plainSection(text),
    pairs([{ label: text, value: text }]),
    context([mrkdwn(`\`${code(text)}\``), mrkdwn(`*${literal(text, 300)}*`), small(text)]),
    actions('of:incident', [button('press', text, 'INC-0001')]),
  ],
});

async function printedOnHost(output: string): Promise<readonly unknown[]> {
  const failed: HostAnswer = { kind: 'failed', exitCode: 1, output };
  const hosts = redactedHosts({
    argvOf: () => undefined,
    run: async () => failed,
    recall: async () => ({ kind: 'answered', answer: failed }),
  });
  const request: HostRequest = { host: 'a', operation: 'node.stop', args: {} };
  return [await hosts.run(request, { timeoutMs: 1 }), await hosts.recall?.(request, { timeoutMs: 1 })];
}

const tappedLine = async (text: string): Promise<string> => redactStart(JSON.stringify({ said: text }), 240);

const waysThatCut: readonly (readonly [string, (text: string) => unknown])[] = [
  ['a message of Slack', shownBy],
  ['the audit', (text) => entryText({ atMs: 1, actor: 'watership', event: 'run.error', text })],
  ['a line of a tap', tappedLine],
  ['a notice', (text) => noticeOf({ ...openIncident, subject: text }, [], { waitedMs: 1, nowMs: 2 })],
];

const waysOut: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['the log', logged],
  ['a message, a modal and a Home tab of Slack', sentToSlack],
  [
    'an answer to a command or to a submitted modal',
    () => JSON.stringify(adaptTo('https://slack.com/api/')({ text: leak, blocks: [section] })),
  ],
  [
    'the errors beside the fields of a modal',
    () =>
      JSON.stringify(
        adaptTo('https://slack.com/api/')({ response_action: 'errors', errors: { reason: leak } }),
      ),
  ],
  ['a message that was escaped', () => JSON.stringify(adaptTo('https://slack.com/api/')(shownBy(leak)))],
  ['what a failed command printed', async () => JSON.stringify(await printedOnHost(leak))],
  ['the audit and the lines of a thread', stored],
  ['the health page', () => servedByHealth('/healthz')],
  ['the metrics', () => servedByHealth('/metrics')],
  [
    'the webhook',
    async () => {
      await openWebhook(`${here}/hook`).send({ text: leak });
      return echo.bodies.at(-1) ?? '';
    },
  ],
  // Redis and AMQP refuse the connection; the management API and Slack repeat what they were given.
  ['the check of every connection', () => printed('check')],
  ['the check of every connection, as JSON', () => printed('check', '--json')],
  ['a sweep whose nodes repeat the password', () => printed('sweep')],
  ['a command that finds no Redis', () => printed('audit')],
  ['a command line that is wrong', () => printed('sweep', '--cluster', leak)],
];

describe('a secret of the configuration', () => {
  test.each(waysOut)('does not leave by %s', async (_way, out) => {
    const text = await out();
    expect(text.length).toBeGreaterThan(10);
    expect(leaksIn(text)).toEqual([]);
  });

  test.each(waysThatCut)('is not left by half where %s is cut', async (_way, out) => {
    for (const length of lengths) {
      for (const before of ['word ', 'longword', '<&>']) {
        for (const text of atTheCut(length, before)) {
          expect([length, before, halvesIn(JSON.stringify(await out(text)))]).toEqual([length, before, []]);
        }
      }
    }
  });

  test.each([300, 9_000, 300_000])('is not left by half of a text of %i characters', (length) => {
    for (const secret of [...Object.values(secrets), `amqp://nova:${'tormentil'.repeat(60)}@host`]) {
      const half = secret.startsWith('amqp') ? 'tormentil' : secret.slice(0, 7);
      for (let before = length - secret.length; before < length; before += 5) {
        const text = `${'word '.repeat(length).slice(0, before)} ${secret} ${'more '.repeat(50_000)}`;
        expect(redactStart(text, length)).not.toContain(half);
        // So much is read of it, at most.
        expect(redactStart(text, length - 8_192 - 1_024)).not.toContain(half);
      }
    }
  });

  test('is what these tests look for: a text that was let through holds them all', () => {
    expect(leaksIn(leak)).toEqual(forms);
  });

  test('that is part of a name leaves the names as they are', () => {
    const text = file(here).replaceAll('10.0.0.1', 'nightshade-1');
    const loaded = parseConfig(text, 'watership.yaml', {
      read: (name) => (name === 'RABBIT' ? 'nightshade' : secrets[name]),
    });
    expect(loaded.kind).toBe('ok');
    expect(JSON.stringify(adaptTo('https://slack.com/api/')({ text: 'nightshade-1 is down' }))).toContain(
      'nightshade-1',
    );
  });

  test('that is the name of the command leaves the commands as they are', () => {
    const raw = { username: 'watership', password: 'watership', other: { password: 'clover' } };
    expect(recognisable(raw)).toEqual(['clover', 'watership:watership']);
  });

  test.each([
    ['botToken: "${BOT}"', 'botToken: xoxb-1-2', 'slack.botToken'],
    ['"${SIGNING_OLD}"', 'literal', 'slack.signingSecret[1]'],
    [':${REDIS}@', ':literal@', 'redis.url'],
    ['nova:${TRANSPORT}@10.0.0.1', 'nova:literal@10.0.0.1', undefined],
    ['password: "${RABBIT}"', 'password: literal', 'clusters[0].password'],
  ])('does not stand in the file itself: %s as %s', (from, to, place) => {
    const loaded = parseConfig(file(here).replace(from, to), 'watership.yaml', {
      read: (name) => secrets[name],
    });
    const told = loaded.kind === 'bad' ? loaded.problems : [];
    // A URL that is partly filled in is taken for filled in.
    expect(told.map(({ path }) => path)).toEqual(place === undefined ? [] : [place]);
    expect(told.map(({ came }) => came)).toEqual(place === undefined ? [] : ['a value written in this file']);
  });
});

describe('a file of the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watership-modes-'));
  const withMode = (mode: number): string => {
    const path = join(folder, mode.toString(8));
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    return path;
  };

  test.each<readonly [string, string | undefined]>([
    ['600', undefined],
    ['400', undefined],
    ['640', undefined],
    ['644', 'every user may read it (mode 644); chmod 640'],
    ['604', 'every user may read it (mode 604); chmod 600'],
    ['666', 'every user may read and change it (mode 666); chmod 640'],
    ['660', 'its group may change it (mode 660); chmod 640'],
  ])('of mode %s is told as: %s', (mode, told) => {
    const path = withMode(Number.parseInt(mode, 8));
    expect(exposedFiles([path]).map(({ text }) => text)).toEqual(
      told === undefined ? [] : [`${told} ${path}`],
    );
  });

  test('that is read for a secret is looked at too, by the check', async () => {
    const path = withMode(0o644);
    writeFileSync(path, 'clover-password');
    const config = configFile(file(here).replace('${RABBIT}', `\${file:${path}}`));
    chmodSync(config, 0o600);
    const { out } = await runProgramWith({ variables: secrets }, 'check', '--config', config);
    expect(out).toContain(`warning  file ${path}: every user may read it (mode 644); chmod 640 ${path}`);
    expect(out).toContain(`ok       file ${config}: no other user may read or change it`);
  });
});
