import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');
const manifest = (...folder: readonly string[]): Manifest => JSON.parse(text(...folder, 'package.json'));

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Declared, though nothing here imports them: each is the peer of a library. CONTRIBUTING.md says why. */
const peers: Readonly<Record<string, string>> = { undici: '@slack/socket-mode' };
/** Imported only where the program runs from its source. */
const onlyFromSource = ['tsx'];

const importPattern =
  /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^'.][^']*)'|^import\s+'([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm;

/** Packages that the files under `src` import, by the name under which they are installed. */
function importedPackages(): string[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const targets = files
    .filter((name) => /\.m?[jt]s$/.test(name))
    .flatMap((name) => [...text('src', name).matchAll(importPattern)])
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((target) => !target.startsWith('node:') && !builtinModules.includes(target))
    .map((target) => target.split('/', target.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(targets)].toSorted();
}

describe('the dependencies of package.json', () => {
  const { dependencies, devDependencies } = manifest();

  test('are what src imports, and the peers that nothing imports', () => {
    const imported = importedPackages().filter((name) => !onlyFromSource.includes(name));
    expect([...imported, ...Object.keys(peers)].toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });

  test('hold a peer only for a library that asks for it', () => {
    for (const [name, library] of Object.entries(peers)) {
      expect(manifest('node_modules', library).peerDependencies, library).toHaveProperty(name);
    }
  });

  test('have a row each in the table of CONTRIBUTING.md', () => {
    const [, section = ''] = text('CONTRIBUTING.md').split('\n## Dependencies\n');
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(rows.toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });

  test('are pinned to one version, and that one is installed', () => {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(manifest('node_modules', name).version, name).toBe(version);
    }
  });
});
