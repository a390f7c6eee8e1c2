import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeHostCommand } from '../../sandbox/host-command-file.ts';

let folder: string;
let server: Server;
let asked: unknown[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watership-host-'));
  asked = [];
  server = createServer(async (request, response) => {
    const chunks: string[] = [];
    for await (const chunk of request) {
      chunks.push(String(chunk));
    }
    asked.push([request.url, JSON.parse(chunks.join(''))]);
    const isKnown = request.url?.endsWith('/stop') === true || request.url?.endsWith('/restart') === true;
    response.writeHead(isKnown ? 200 : 400).end(JSON.stringify({ text: isKnown ? 'done' : 'what is that?' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  writeHostCommand(join(folder, 'host'), `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(folder, 'host'), args);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => (output += String(data)));
    }
    child.once('close', (code) => resolve({ code, output: output.trim() }));
  });
}

test('a node operation is passed on, and its answer is the output', async () => {
  expect(await run('node.stop', 'rabbit45@localhost')).toEqual({ code: 0, output: 'done' });
  expect(asked).toEqual([['/node/stop', { node: 'rabbit45@localhost' }]]);
});

test('a service is restarted by name, or one process of it', async () => {
  await run('service.restart', 'nova-compute', '4242');
  expect(asked).toEqual([['/service/restart', { service: 'nova-compute', pid: 4242 }]]);
});

test('what did not work has exit code 1 and says why', async () => {
  expect(await run('node.explode', 'rabbit45@localhost')).toEqual({ code: 1, output: 'what is that?' });
});

test('a sandbox that is gone is exit code 1, and nonsense is exit code 2', async () => {
  expect((await run('stop')).code).toBe(2);
  server.close();
  expect(await run('node.stop', 'rabbit45@localhost')).toMatchObject({ code: 1 });
});
