import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describePreset } from '../src/runbooks/index.ts';

const root = resolve(import.meta.dirname, '..');

const pages = [
  ...readdirSync(root).map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(root, 'docs', name),
  ),
].filter((path) => path.endsWith('.md'));

const linkPattern = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

const folders = ['src', 'test', 'tools', 'bench', 'sandbox', 'deploy', 'docs'];
const folderPattern = new RegExp(`(?<![\\w/.-])(?:${folders.join('|')})/[\\w<>*./-]*`, 'g');

/** What a page names of the project: paths from its root, and back-quoted names of source files. `*` and `<…>` stand for any name. */
function projectPathsIn(text: string): readonly string[] {
  return [
    ...[...text.matchAll(folderPattern)].map(([path]) => path.replace(/\.+$/, '')),
    ...[...text.matchAll(/`([\w-]+(?:\.\w+)*\.(?:ts|mjs))`/g)].map(([, name = '']) => name),
  ];
}

const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
);

function exists(path: string): boolean {
  const wanted = path
    .replace(/\/$/, '')
    .split(/\*|<[^>]*>/)
    .map((part) => part.replaceAll('.', '\\.'))
    .join('[^/]*');
  const pattern = new RegExp(path.includes('/') ? `^${wanted}$` : `/${wanted}$`);
  return folders.includes(path.replace(/\/$/, '')) || files.some((file) => pattern.test(file));
}

describe('the documents', () => {
  test.each(pages.map((page) => [relative(root, page), page]))(
    '%s links only to what is there',
    (_name, page) => {
      const targets = [...readFileSync(page, 'utf8').matchAll(linkPattern)]
        .map((match) => match[1] ?? '')
        .filter((target) => !/^[a-z]+:/.test(target));
      expect(targets.filter((target) => !existsSync(resolve(dirname(page), target)))).toEqual([]);
    },
  );

  test.each(
    pages.filter((page) => !page.endsWith('CHANGELOG.md')).map((page) => [relative(root, page), page]),
  )('%s names only files and folders of the project that exist', (_name, page) => {
    expect(projectPathsIn(readFileSync(page, 'utf8')).filter((path) => !exists(path))).toEqual([]);
  });

  test('a path that never existed is found in a text, in code and in a drawing, and a pattern is a path', () => {
    const text =
      'See `src/runbooks/actions/book.ts`, `no-such.ts`.\n```\ntell src/desk/\n```\n`src/bot/cli/<name>.ts`';
    expect(projectPathsIn(text).filter((path) => !exists(path))).toEqual([
      'src/runbooks/actions/book.ts',
      'src/desk/',
      'no-such.ts',
    ]);
  });

  test.each(['systemd', 'kolla-docker'] as const)(
    'docs/hosts.md has the line for sudoers of every command of the preset %s',
    (preset) => {
      const page = readFileSync(join(root, 'docs/hosts.md'), 'utf8');
      const values: Readonly<Record<string, string>> = {
        ...{ node: 'rabbit@server-44', peer: 'rabbit@server-45', service: 'nova-compute' },
      };
      const allowed = [...page.matchAll(/NOPASSWD: \/usr\/s?bin\/(.*)$/gm)].map(([, command = '']) =>
        command.replace(/\\([:,=\\])/g, '$1'),
      );
      const commands = describePreset(preset).map(({ argv }) =>
        argv.map((word) => word.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name)).join(' '),
      );
      expect(commands.filter((command) => !allowed.includes(command))).toEqual([]);
    },
  );
  test('the security page names only tests that exist', () => {
    const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
    const named = [...page.matchAll(/`(test\/[^`]+)`: “([^”]+)”/g)];
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(([, path = '', sentence = '']) => {
      const file = join(root, path);
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(`'${sentence}'`);
    });
    expect(missing.map(([line]) => line)).toEqual([]);
  });

  test('the README names only npm scripts that exist', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const named = ['README.md', 'CONTRIBUTING.md'].flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/npm run ([\w:]+)/g)].map(
        (match) => match[1] ?? '',
      ),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('the index of decisions names every decision by its number and its title, and each page begins with both', () => {
    const folder = join(root, 'docs/decisions');
    const rows = readdirSync(folder)
      .filter((name) => /^\d/.test(name))
      .toSorted()
      .map((name) => {
        const [, title = ''] = /^# (.*)\n/.exec(readFileSync(join(folder, name), 'utf8')) ?? [];
        const number = Number(name.slice(0, 4));
        expect(title, name).toMatch(new RegExp(`^${number}\\. \\S`));
        return `| [${number}](${name}) | ${title.replace(/^\d+\. /, '')} |`;
      });
    const index = readFileSync(join(folder, 'README.md'), 'utf8').split('\n');
    expect(index.filter((line) => line.startsWith('| ['))).toEqual(rows);
  });

  test('the changelog begins with what is unreleased, then the version of the package, and ends with the first release', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const releases = [
      ...readFileSync(join(root, 'CHANGELOG.md'), 'utf8').matchAll(/^## \[(.+?)\](?: - (.+))?$/gm),
    ];
    expect(releases.slice(0, 2).map(([, name]) => name)).toEqual(['Unreleased', version]);
    expect(releases.at(-1)?.[1]).toBe('0.1.0');
    expect(
      releases
        .slice(1)
        .map(([, , date = '']) => date)
        .filter((date) => !/^\d{4}-\d{2}-\d{2}$/.test(date)),
    ).toEqual([]);
  });
});
