import type { OperationTemplates } from './presets.ts';
import type { SoughtProgram } from './reach.ts';

/** `-n`: without the right it fails at once, instead of asking for a password that cannot be typed. */
const sudo = ['sudo', '-n', '--'] as const;

/** The same operations as root. */
export const asRoot = (templates: OperationTemplates): OperationTemplates =>
  Object.fromEntries(Object.entries(templates).map(([operation, argv]) => [operation, [...sudo, ...argv]]));

/** The programs that a command needs: its own, and the one behind `sudo`. */
export function programsOf([program, ...rest]: readonly string[]): readonly SoughtProgram[] {
  const behind = program === 'sudo' ? rest.find((word) => !word.startsWith('-')) : undefined;
  // A placeholder is filled in when it is run; it cannot be looked for before.
  return [
    { program, isPrivileged: false },
    { program: behind, isPrivileged: true },
  ].flatMap(({ program: name, isPrivileged }) =>
    name === undefined || name.includes('{') ? [] : [{ program: name, isPrivileged }],
  );
}
