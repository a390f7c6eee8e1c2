import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { projectFolder } from '../../sandbox/layout.ts';
import { readDockerfile, type Stage, textsOf, words } from '../support/dockerfile.ts';

const run = promisify(execFile);
const { stages } = readDockerfile();
// So that a failure names the step that hangs.
const STEP_MS = 150_000;
const base = mkdtempSync(join(tmpdir(), 'watership-image-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const rootOf = (stage: string): string => join(base, stage === '' ? 'last' : stage);

/** Carries out a stage without an engine: a folder stands for the image, COPY copies into it, RUN runs in it. */
async function build(stage: Stage): Promise<string> {
  let workFolder = rootOf(stage.name);
  // All of ours: certificates and registries that this machine is set up with.
  const env = { ...process.env };
  for (const { name, text } of stage.instructions) {
    switch (name) {
      case 'WORKDIR':
        workFolder = join(rootOf(stage.name), text);
        mkdirSync(workFolder, { recursive: true });
        break;
      case 'ENV': {
        const [key = '', value = ''] = text.split('=');
        env[key] = value;
        break;
      }
      case 'COPY':
        copy(text, workFolder);
        break;
      case 'RUN':
        await run('sh', ['-c', text], { cwd: workFolder, env, timeout: STEP_MS });
    }
  }
  return workFolder;
}

function copy(text: string, workFolder: string): void {
  const parts = text.split(' ');
  const from = parts.find((part) => part.startsWith('--from='))?.slice('--from='.length);
  const paths = parts.filter((part) => !part.startsWith('--'));
  const target = join(workFolder, paths.at(-1) ?? '.');
  for (const source of paths.slice(0, -1)) {
    const isInto = paths.at(-1)?.endsWith('/') === true;
    const path = join(from === undefined ? projectFolder : rootOf(from), source);
    cpSync(path, isInto ? join(target, source) : target, { recursive: true });
  }
}

test('every step of the Dockerfile works, and what comes out starts', { timeout: 4 * STEP_MS }, async () => {
  let workFolder = '';
  for (const stage of stages) {
    workFolder = await build(stage);
  }
  const [, ...entry] = words(textsOf(stages.at(-1), 'ENTRYPOINT')[0]);
  const { stdout } = await run(process.execPath, [...entry, '--help'], { cwd: workFolder });
  expect(stdout).toMatch(/watership/i);
});
