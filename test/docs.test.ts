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
});
