import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Every TypeScript file under `folder`, as paths from the project's root. */
function sourcesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

const importPattern =
  /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

/** What a file imports: project files as paths from the root, packages by their name. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(importPattern)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((target) => (target.startsWith('.') ? join(dirname(path), target) : target));
}

const sources = sourcesUnder('src');
const edges = sources.flatMap((from) => importsOf(from).map((to) => ({ from, to })));
const roomOf = (path: string): string | undefined => /^src\/(bot|runbooks|rpc)\//.exec(path)?.[1];
const show = ({ from, to }: { from: string; to: string }): string => `${from} → ${to}`;

/** Rooms from the top of the house down; a room may only enter those below it. */
const roomsFromTheTop = ['bot', 'runbooks', 'rpc'];

describe('the house', () => {
  test('has files to look at, and their imports are found', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(edges.length).toBeGreaterThan(sources.length / 2);
  });

  test('imports go bot → runbooks → rpc and never back', () => {
    const upwards = edges.filter(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)];
      return (
        here !== undefined &&
        there !== undefined &&
        roomsFromTheTop.indexOf(there) < roomsFromTheTop.indexOf(here)
      );
    });
    expect(upwards.map(show)).toEqual([]);
  });

  test('a room is entered through its index.ts', () => {
    const throughTheWindow = edges.filter(({ from, to }) => {
      const there = roomOf(to);
      return there !== undefined && there !== roomOf(from) && to !== `src/${there}/index.ts`;
    });
    expect(throughTheWindow.map(show)).toEqual([]);
  });

  test('each library is used only in the room that owns it', () => {
    const owners = [
      { library: /^(@slack\/|bullmq$|ioredis$)/, room: 'src/bot/' },
      { library: /^(amqplib|axios)\b/, room: 'src/rpc/' },
      { library: /^ssh2$/, room: 'src/runbooks/hosts/ssh/' },
    ];
    const strangers = edges.filter(({ from, to }) =>
      owners.some(({ library, room }) => library.test(to) && !from.startsWith(room)),
    );
    expect(strangers.map(show)).toEqual([]);
  });

  test('a file of the book imports only types, the snapshot and the schema library', () => {
    const allowed =
      /^(zod$|src\/runbooks\/(runbook|action|look)\.ts$|src\/runbooks\/snapshot\/|src\/runbooks\/book\/)/;
    const others = edges.filter(({ from, to }) => from.startsWith('src/runbooks/book/') && !allowed.test(to));
    expect(others.map(show)).toEqual([]);
  });

  test('the book and the snapshot know no clock, no chance and no waiting', () => {
    const impure = /\bDate\.now\(|new Date\(\)|Math\.random\(|\bawait\b|\bsetTimeout\(|performance\.now\(/;
    const guilty = sources
      .filter((path) => /^src\/runbooks\/(book|snapshot|engine)\//.test(path))
      .filter((path) => impure.test(readFileSync(join(root, path), 'utf8')));
    expect(guilty).toEqual([]);
  });

  test('the environment is read in one file', () => {
    const readers = sources.filter((path) => readFileSync(join(root, path), 'utf8').includes('process.env'));
    expect(readers).toEqual(['src/bot/process/environment.ts']);
  });

  test('only the program’s entry decides how the process ends', () => {
    const enders = sources.filter((path) => readFileSync(join(root, path), 'utf8').includes('process.exit('));
    expect(enders).toEqual([]);
  });

  test('no command is a shell string', () => {
    const shells = sources.filter((path) =>
      /\bshell:\s*true|\bexecSync\(|[^.\w]exec\(/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(shells).toEqual([]);
  });
});
