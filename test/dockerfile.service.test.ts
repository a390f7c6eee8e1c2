import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readDockerfile, textsOf, words } from './support/dockerfile.ts';

const { args, stages } = readDockerfile();
const last = stages.at(-1);

test('the version of Node can be chosen, and every stage follows it', () => {
  expect(args).toEqual(['NODE_VERSION=22']);
  for (const { from } of stages) {
    expect(from).toMatch(/\$\{NODE_VERSION\}/);
  }
});

test('the image is not run as root, and holds nothing but what the bot needs', () => {
  expect(textsOf(last, 'USER')).toEqual(['node']);
  expect(textsOf(last, 'RUN')).toEqual([]);
  const sources = textsOf(last, 'COPY').join(' ');
  expect(sources).not.toMatch(/src|test|sandbox/);
});

test('no stage runs install scripts', () => {
  const installs = stages
    .flatMap((stage) => textsOf(stage, 'RUN'))
    .filter((line) => line.startsWith('npm ci'));
  expect(installs).toHaveLength(2);
  for (const line of installs) {
    expect(line).toContain('--ignore-scripts');
  }
});

test.each([
  [200, 0],
  [503, 1],
])('the health check takes HTTP %i for exit code %i', async (status, exitCode) => {
  const server = createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const [, check = ''] = /CMD (\[.*\])$/.exec(textsOf(last, 'HEALTHCHECK')[0] ?? '') ?? [];
  const [, ...rest] = words(check);
  const child = spawn(process.execPath, rest, {
    env: { WATERSHIP_HEALTH_URL: `http://127.0.0.1:${port}/healthz` },
  });
  expect(await new Promise((ended) => child.once('exit', ended))).toBe(exitCode);
  server.close();
});
