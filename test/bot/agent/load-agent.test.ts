// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAgent } from '../../../src/bot/agent/load-agent.ts';
import { tellProblems } from '../../../src/bot/config/file/problem.ts';
import { openJournal } from '../../../src/runbooks/index.ts';
import { configFile, runProgram, runProgramWith } from '../cli/run-program.ts';

const values: Readonly<Record<string, string>> = {
  KEY: 'k'.repeat(32),
  OLD: 'o'.repeat(32),
  PASSWORD: 'hunter2',
};
const environment = { read: (name: string) => values[name] };
const good = `host: compute-7
transportUrl: rabbit://agent:\${PASSWORD}@10.3.0.44:5672/agents
keys: ["\${KEY}"]
`;

const load = (text: string) => parseAgent(text, 'agent.yaml', environment);

function told(text: string): string {
  const loaded = load(text);
  return loaded.kind === 'bad' ? tellProblems(loaded.file, loaded.problems) : 'no problem';
}

describe('an agent’s configuration', () => {
  test('allows nothing until it says what', () => {
    expect(load(good)).toMatchObject({
      kind: 'ok',
      config: {
        host: 'compute-7',
        transportUrl: 'rabbit://agent:hunter2@10.3.0.44:5672/agents',
        keys: ['k'.repeat(32)],
        commands: { 'service.restart': ['systemctl', 'restart', '{service}'] },
        allow: { restart: [], status: [], read: [] },
        journal: { folder: '/var/lib/watership-agent', keepMs: 86_400_000 },
        commandMs: 120_000,
      },
    });
  });

  test('maps operations by the preset and its own commands, and has none for nodes', () => {
    const loaded = load(
      `${good}preset: kolla-podman\noperations: { service.restart: [sudo, -n, "{service}"] }\n`,
    );
    expect(loaded.kind === 'ok' && loaded.config.commands).toEqual({
      'service.restart': ['sudo', '-n', '{service}'],
      'service.status': ['podman', 'inspect', '--format', '{{.State.Status}}', '{service}'],
    });
    expect(told(`${good}operations: { node.stop: [x] }\n`)).toContain('got the unknown key node.stop');
  });

  test('is told all at once what is wrong with it, each with its cure', () => {
    const text = told(`host: "compute 7"
transportUrl: rabbit://agent:s3cret@10.3.0.44/agents
keys: [s3cret, "\${MISSING}"]
preset: custom
allow: { restart: [nova; reboot], read: [etc/passwd, /etc/../shadow] }
journal: { folder: here, keep: 1s }
comandLimit: 2m
`);
    expect(text).toBe(`agent.yaml: 10 problems
  line 1, host: expected a host name of letters, digits, ".", "_" and "-"; got "compute 7"
    → set host to a host name of letters, digits, ".", "_" and "-"
  line 2, transportUrl: expected a secret from the environment or from a file; got a value written in this file
    → write \${NAME} or \${file:/path} in its place
  line 3, keys[0]: expected a secret from the environment or from a file; got a value written in this file
    → write \${NAME} or \${file:/path} in its place
  line 3, keys[1]: expected a value in the environment variable MISSING; got nothing: it is not set
    → set MISSING in the environment, or use \${file:/path} to read it from a file
  line 5, allow.restart[0]: expected the name of a unit or container, such as nova-compute; got "nova; reboot"
    → set restart[0] to the name of a unit or container, such as nova-compute
  line 5, allow.read[0]: expected an absolute path without . and .. in it; got "etc/passwd"
    → set read[0] to an absolute path without . and .. in it
  line 5, allow.read[1]: expected an absolute path without . and .. in it; got "/etc/../shadow"
    → set read[1] to an absolute path without . and .. in it
  line 6, journal.folder: expected an absolute path; got "here"
    → set folder to an absolute path
  line 6, journal.keep: expected a duration of at least 1 h; got "1s"
    → set keep to a duration of at least 1 h
  line 7, comandLimit: expected one of host, transportUrl, keys, preset, operations, allow, journal, commandLimit, log; got the unknown key comandLimit
    → write commandLimit instead of comandLimit`);
  });

  test.each([
    ['keys: ["${KEY}", "${KEY}"]', 'expected a key that differs from the first'],
    [
      'preset: custom\nallow: { restart: [nova] }',
      'expected a command for service.restart, because allow.restart',
    ],
    [
      'preset: custom\nallow: { status: [nova] }',
      'expected a command for service.status, because allow.status',
    ],
  ])('is checked across its fields: %s', (change, expected) => {
    const key = change.split(':')[0] ?? '';
    const rest = good.split('\n').filter((line) => !line.startsWith(key));
    expect(told(`${rest.join('\n')}\n${change}\n`)).toContain(expected);
  });

  test('as the example has it is right but for the files it names', () => {
    const example = readFileSync(join(import.meta.dirname, '../../../deploy/agent.example.yaml'), 'utf8');
    const filled = example.replaceAll(
      /\$\{file:[^}]*\/(password|key)\}/g,
      (_, name) => `\${${name.toUpperCase()}}`,
    );
    expect(told(filled)).toBe('no problem');
    expect(told(example)).toContain('a value in the file /etc/watership-agent/key');
  });
});

describe('watership agent', () => {
  test('with a wrong configuration exits 2 and names what is wrong', async () => {
    const { exitCode, err } = await runProgram('agent', '--config', '/nowhere/agent.yaml');
    expect(exitCode).toBe(2);
    expect(err).toContain('/nowhere/agent.yaml: one problem');
  });

  test('that cannot start now exits 3, because systemd starts it no more after 2', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'agent-'));
    const journal = await openJournal({ folder, now: () => Date.now() });
    const path = configFile(`${good}journal: { folder: ${folder} }\nlog: { level: error }\n`);
    const unit = readFileSync(join(import.meta.dirname, '../../../deploy/watership-agent.service'), 'utf8');
    try {
      const variables = { KEY: 'k'.repeat(32), PASSWORD: 'hunter2' };
      expect((await runProgramWith({ variables }, 'agent', '--config', path)).exitCode).toBe(3);
      expect(unit).toContain('\nRestartPreventExitStatus=2\n');
    } finally {
      await journal.close();
      rmSync(folder, { recursive: true });
    }
  });
});
