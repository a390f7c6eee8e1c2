import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellLine } from '../../../../src/runbooks/hosts/ssh/shell-line.ts';

/** What a real shell makes of the line: every argument, ended by a NUL. */
function throughShell(args: readonly string[]): readonly string[] {
  const quoted = shellLine(['printf', '%s\\0', ...args]);
  if (quoted.kind === 'refused') {
    throw new Error(quoted.because);
  }
  const { stdout } = spawnSync('/bin/sh', ['-c', quoted.line], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

describe('a line for a shell', () => {
  test('is read back by a real shell as exactly the same words, whatever they hold', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...`'"\\\`$();&|<>*?[]{}~!#= \t-é`) }),
    );
    const sendable = word.filter((text) => !/[\0\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(sendable, { minLength: 5, maxLength: 40 }), (args) => {
        expect(throughShell(args)).toEqual(args);
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  test.each([
    'if',
    'A=b',
    '-n',
    '~',
    '*',
    '$(echo x)',
    '`echo x`',
    '; echo y',
    "it's",
    '\\',
    '',
    '!!',
    '日本',
  ])('keeps %j as it is', (text) => {
    expect(throughShell([text, text])).toEqual([text, text]);
  });

  test('does not take its first word for anything but a program', () => {
    const { stderr } = spawnSync('/bin/sh', ['-c', lineOf(['if', 'true'])], { encoding: 'utf8' });
    expect(stderr).toContain('not found');
  });

  test.each(['a\nb', '\n', 'a\rb', 'a\0b', '\ud800', 'x\udc00y'])('refuses %j', (text) => {
    expect(shellLine(['echo', text])).toMatchObject({
      kind: 'refused',
      because: expect.stringContaining('nothing was sent'),
    });
  });

  test('refuses no words at all, and an option in the place of the program', () => {
    expect(shellLine([]).kind).toBe('refused');
    expect(shellLine(['-c', 'id']).kind).toBe('refused');
  });
});

function lineOf(argv: readonly string[]): string {
  const quoted = shellLine(argv);
  return quoted.kind === 'line' ? quoted.line : '';
}
