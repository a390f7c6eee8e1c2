import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { projectFolder } from '../../sandbox/layout.ts';

let folder: string;
let app: string;

function run(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  }
  return stdout;
}
const tsc = join(projectFolder, 'node_modules', '.bin', 'tsc');

/** Packs what `npm publish` would send, and unpacks it as `npm install` does, beside the dependencies we have. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watership-package-'));
  const stage = join(folder, 'stage');
  app = join(folder, 'app');
  const installed = join(app, 'node_modules', 'watership');
  for (const each of [stage, installed]) {
    mkdirSync(each, { recursive: true });
  }
  for (const name of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
    copyFileSync(join(projectFolder, name), join(stage, name));
  }
  run(projectFolder, tsc, '-p', 'tsconfig.build.json', '--outDir', join(stage, 'dist'));
  run(stage, 'npm', 'pack', '--offline', '--ignore-scripts', '--pack-destination', folder);
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  run(folder, 'tar', '-xzf', tarball, '-C', installed, '--strip-components', '1');
  symlinkSync(join(projectFolder, 'node_modules'), join(installed, 'node_modules'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
import { getRpcClient, getRpcServer, getTransport, Target } from 'watership/rpc';

const transport = getTransport(process.argv[2] ?? '', { controlExchange: 'packed' });
const module = new URL('./endpoints.mjs', import.meta.url);
const server = getRpcServer(transport, new Target({ topic: 'packed', server: 'one' }), module, { executor: 'threading' });
await server.start();
const client = getRpcClient(transport, new Target({ topic: 'packed' }));
console.log(await client.call({ user: 'u' }, 'whereabouts', { at: 'home' }));
await server.stop();
await server.wait();
await transport.cleanup();
`;

test('watership/rpc is a library: its program runs, threads too, and ends by itself', () => {
  writeFileSync(
    join(app, 'endpoints.mjs'),
    `import { isMainThread } from 'node:worker_threads';
     export const endpoints = [{ whereabouts: (context, args) => [context.user, args.at, isMainThread] }];`,
  );
  writeFileSync(join(app, 'app.mjs'), program);
  expect(run(app, process.execPath, 'app.mjs', inject('amqpUrl'))).toBe("[ 'u', 'home', false ]\n");
}, 60_000);

test('it can be required', () => {
  writeFileSync(join(app, 'app.cjs'), `console.log(typeof require('watership/rpc').getTransport);`);
  expect(run(app, process.execPath, 'app.cjs')).toBe('function\n');
});

/** The programs of the page about messaging as one; what a module of endpoints holds is no program. */
const page = readFileSync(join(projectFolder, 'docs', 'messaging.md'), 'utf8');
const programsOfPage = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
const examples = programsOfPage.filter((text) => text.startsWith('import ')).join('\n');

test.each([
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'its types serve the examples of the page, strictly, for module %s resolved by %s',
  (kind, resolution) => {
    expect(examples).toContain('probeService(');
    const ofClass = `import type { Endpoint } from 'watership/rpc';
    class Own implements Endpoint {
      count = 0;
      add(_context: object, { by }: { by: number }): number {
        return (this.count += by);
      }
    }
    getRpcServer(transport, new Target({ topic: 'test', server: 'host-2' }), [new Own()]);`;
    writeFileSync(join(app, 'app.mts'), program);
    writeFileSync(join(app, 'page.mts'), `${examples}\n${ofClass}`);
    const types = join(app, 'node_modules', '@types');
    if (!existsSync(types)) {
      symlinkSync(join(projectFolder, 'node_modules', '@types'), types);
    }
    const shape = ['--target', 'es2023', '--module', kind, '--moduleResolution', resolution];
    run(app, tsc, '--noEmit', '--strict', '--types', 'node', ...shape, 'app.mts', 'page.mts');
  },
  60_000,
);

test('the examples of the page run as plain JavaScript', () => {
  const here = examples
    .replace(/'rabbit:[^']+'/, JSON.stringify(inject('amqpUrl')))
    .replace('await transport.cleanup();', '')
    .replace('maxSeconds: 5', 'maxSeconds: 1');
  writeFileSync(join(app, 'page.mjs'), `${here}\nawait transport.cleanup();`);
  const said = run(app, process.execPath, 'page.mjs');
  expect(said).toMatch(/^\{ a: 1 \}\n/);
  expect(said).toContain('absent');
}, 60_000);
