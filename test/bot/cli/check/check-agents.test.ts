import { describe, expect, test } from 'vitest';
import { checkAgent } from '../../../../src/bot/cli/check/check-agents.ts';
import type { HostConfig } from '../../../../src/bot/config/config.ts';
import type { HostAnswer } from '../../../../src/runbooks/index.ts';

const host: HostConfig = { via: 'agent', preset: 'systemd', operations: {}, addresses: [], keys: ['k'] };

const facts = {
  hostname: 'compute-7',
  kernel: 'Linux 6.1.0 x64',
  uptimeSeconds: 5,
  processors: 2,
  load: [0, 0, 0],
  memoryBytes: { total: 2, free: 1 },
  allow: { restart: ['nova-compute'], status: ['libvirtd'], read: [] as string[] },
  commands: {
    'service.restart': ['systemctl', 'restart', '{service}'],
    'service.status': ['systemctl', 'is-active', '{service}'],
  },
};

const told = async (answer: (nowMs: number) => HostAnswer) =>
  await checkAgent('compute-7', host, { argvOf: () => undefined, run: async () => answer(Date.now()) });
const answering = (changes: object = {}, aheadMs = 0) =>
  told((nowMs) => ({
    kind: 'done',
    exitCode: 0,
    output: JSON.stringify({ ...facts, clockMs: nowMs + aheadMs, ...changes }),
  }));

describe('the check of an agent', () => {
  test('tells what it may do', async () => {
    const { state, text } = await answering();
    expect(state).toBe('ok');
    expect(text.replace(/\d+ ms/, '3 ms')).toBe(
      'the agent answers in 3 ms; it restarts nova-compute; checks libvirtd',
    );
  });

  test.each([
    [
      { allow: { restart: [], status: [], read: [] } },
      0,
      'ok',
      'it may do nothing: set allow in its agent.yaml',
    ],
    [{}, 4_000, 'warning', 'its clock is 4 s ahead: run NTP on both'],
    [{}, -40_000, 'warning', 'its clock is 40 s behind: run NTP on both'],
    [
      { commands: { ...facts.commands, 'service.restart': ['docker', 'restart', '{service}'] } },
      0,
      'warning',
      'service.restart is ["systemctl","restart","{service}"] here and ["docker","restart","{service}"] there, so the ' +
        'agent would refuse it',
    ],
  ])('with %j and a clock %i ms ahead is %s', async (changes, aheadMs, state, text) => {
    expect(await answering(changes, aheadMs)).toMatchObject({ state, text: expect.stringContaining(text) });
  });

  test.each([
    [{ kind: 'not-started', because: 'no agent listens for compute-7' }, 'no agent listens for compute-7'],
    [{ kind: 'unknown', because: 'no answer within 6000 ms' }, 'no answer within 6000 ms'],
    [{ kind: 'done', exitCode: 0, output: '{}' }, 'its facts cannot be read'],
    [{ kind: 'done', exitCode: 0, output: 'x' }, 'its facts cannot be read'],
  ] as const)('that brings %j is bad', async (answer, text) => {
    expect(await told(() => answer)).toMatchObject({ state: 'bad', text: expect.stringContaining(text) });
  });
});
