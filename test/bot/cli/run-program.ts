import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../../../src/bot/cli/program.ts';

/** What the configurations of these tests take from the environment. */
const secrets: Readonly<Record<string, string>> = { BOT: 'xoxb-b', APP: 'xapp-a', RABBIT: 's3cret' };

/** Runs the command line as `main.ts` does, and catches what it prints. */
export const runProgram = (...argv: readonly string[]) => runProgramWith({ variables: secrets }, ...argv);

/** The same with something of the process around it. */
export async function runProgramWith(
  around: {
    readonly variables?: Readonly<Record<string, string>>;
    readonly onStop?: (stop: (signal: string) => void) => void;
    /** Told of everything that is printed, at once. */
    readonly onOut?: (text: string) => void;
  },
  ...argv: readonly string[]
) {
  let out = '';
  let err = '';
  const exitCode = await program({
    argv,
    // A test that says nothing of them has these secrets.
    environment: { read: (name) => around.variables?.[name] ?? secrets[name] },
    out: (text) => {
      out += text;
      around.onOut?.(text);
    },
    err: (text) => {
      err += text;
    },
    onStop: around.onStop ?? (() => {}),
  });
  return { exitCode, out, err };
}

/** Writes a configuration and answers with its path. */
export function configFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'watership-cli-')), 'watership.yaml');
  writeFileSync(path, text);
  return path;
}

export const configWith = (options: {
  readonly management: string;
  readonly redis?: string;
  readonly slack?: string;
}): string => {
  const { management, redis = 'redis://127.0.0.1:1/0', slack = 'http://127.0.0.1:2/api/' } = options;
  return configFile(`slack: { botToken: \${BOT}, appToken: \${APP}, channel: C0ALERTS, apiUrl: "${slack}" }
redis: { url: "${redis}" }
people: { approvers: [U0ALICE] }
clusters:
  - name: house
    username: watership
    password: \${RABBIT}
    nodes: [ { name: rabbit@a, management: "${management}", amqp: "amqp://127.0.0.1:1", epmd: false } ]
`);
};
