import { expect, test } from 'vitest';
import { startedEntry } from '../../../src/bot/audit/started.ts';
import { parseConfig } from '../../../src/bot/config/load.ts';
import { examine } from '../../../src/bot/health/report.ts';
import { createVitals } from '../../../src/bot/health/vitals.ts';
import { createWorld } from '../fakes/world.ts';

function started(
  change: { readonly password?: string; readonly key?: string; readonly channel?: string } = {},
) {
  const { password = 'p', key = 'sixteen characters', channel = 'C0ALERTS' } = change;
  const loaded = parseConfig(
    `slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: ${channel} }
audit: { key: "\${KEY}" }
clusters: [ { name: house, username: u, password: "\${PASSWORD}", nodes: [ { name: a@h, management: "http://127.0.0.1:2" } ] } ]
`,
    'test',
    { read: (name) => ({ KEY: key, PASSWORD: password })[name] ?? 'any' },
  );
  if (loaded.kind === 'bad') {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return startedEntry(loaded.config, 1).started;
}

test('a start names its version and its configuration, whose hash knows no secret', () => {
  expect(started()?.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(started({ password: 'another', key: 'another long secret' })).toEqual(started());
  expect(started({ channel: 'C0OTHER' })).not.toEqual(started());
});

test('the configuration refuses a relative mirror and a short key, with the cure', () => {
  const loaded = parseConfig(
    `slack: { botToken: "\${ANY}", appToken: "\${ANY}", channel: C0ALERTS }
audit: { file: audit.jsonl, key: "\${SHORT}", keep: 10 }
clusters: [ { name: house, username: u, password: "\${ANY}", nodes: [ { name: a@h, management: "http://127.0.0.1:2" } ] } ]
`,
    'test',
    { read: () => 'short' },
  );
  expect(
    loaded.kind === 'bad' && loaded.problems.map(({ path, expected }) => `${path}: ${expected}`),
  ).toEqual([
    'audit.file: a full path such as /var/log/watership/audit.jsonl',
    'audit.key: a secret of at least 16 characters',
    'audit.keep: a whole number from 1000 to 10000000',
  ]);
});

test('a mirror that cannot be written is told by the health page, and the bot counts as well', async () => {
  const { context, clock } = createWorld();
  const auditMirror = { kind: 'failing', problem: 'ENOSPC' } as const;
  const probes = { redis: async () => true, slack: () => true, auditMirror: () => auditMirror };
  expect(await examine(context, probes, clock.now(), createVitals())).toMatchObject({
    status: 'ok',
    auditMirror,
  });
});
