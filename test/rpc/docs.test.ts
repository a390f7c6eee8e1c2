import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFolder } from '../../sandbox/layout.ts';
import * as library from '../../src/rpc/index.ts';

const rpc = join(projectFolder, 'src', 'rpc');
const files = readdirSync(rpc, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const page = readFileSync(join(projectFolder, 'docs', 'messaging.md'), 'utf8');

describe('the page about messaging', () => {
  test.each(Object.keys(library))('names %s', (name) => {
    expect(page).toContain(name);
  });

  test('names every option and event of a transport, a server and a client', () => {
    const options = ['options/options.ts', 'server/server-options.ts', 'client/client.ts'].flatMap((name) => {
      const source = readFileSync(join(rpc, name), 'utf8');
      return [...source.matchAll(/^ {2}readonly (\w+)\??: /gm)].map(([, option = '']) => option);
    });
    // Of a part, named with its whole; or for tests.
    const parts =
      /^(initialDelayMs|maxDelayMs|enabled|ca|certificate|key|verify|quorum\w+|pid|random|target|toError)$/;
    expect(options.filter((option) => !parts.test(option) && !page.includes(option))).toEqual([]);
    const events = [
      ...readFileSync(join(rpc, 'options/options.ts'), 'utf8').matchAll(/readonly kind: '([\w-]+)'/g),
    ];
    expect(events.map(([, kind = '']) => kind).filter((kind) => !page.includes(kind))).toEqual([]);
  });
});

test.each(files.filter((name) => !/^(index.ts|management)/.test(name)))(
  'everything that %s exports says what it is',
  (name) => {
    const lines = readFileSync(join(rpc, name), 'utf8').split('\n');
    const mute = lines.filter((line, index) => {
      const exported =
        /^export (?:declare |async |abstract )*(?:function|class|const|interface|type) (\w+)/.exec(line);
      const [last = '', earlier = ''] = [lines[index - 1], lines[index - 2]];
      const before = last.startsWith('// biome-ignore') ? earlier : last;
      // The further signatures of a function follow the first.
      const isOverload =
        exported !== null && lines.slice(0, index).some((each) => each.startsWith(line.slice(0, 40)));
      return exported !== null && !isOverload && !before.endsWith('*/');
    });
    expect(mute).toEqual([]);
  },
);
