import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../sandbox/layout.ts';

/** One instruction, with continued lines joined. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** One `FROM` and what follows it. */
export interface Stage {
  /** The name after `AS`; the last stage has none. */
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of the project's Dockerfile, and its `ARG`s before the first. */
export function readDockerfile(): { readonly args: readonly string[]; readonly stages: readonly Stage[] } {
  const text = readFileSync(join(projectFolder, 'Dockerfile'), 'utf8');
  const instructions = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line): Instruction => {
      const [name = '', ...rest] = line.split(' ');
      return { name, text: rest.join(' ').trim() };
    });
  const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  return {
    args: instructions.slice(0, starts[0]).map((instruction) => instruction.text),
    stages: starts.map((start, index) => {
      const [from = '', , name = ''] = instructions[start]?.text.split(' ') ?? [];
      return { name, from, instructions: instructions.slice(start + 1, starts[index + 1]) };
    }),
  };
}

/** The texts of all instructions of this name. */
export function textsOf(stage: Stage | undefined, name: string): readonly string[] {
  return stage?.instructions.filter((each) => each.name === name).map(({ text }) => text) ?? [];
}

/** `CMD ["a", "b"]` as a list. */
export function words(exec: string | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(exec ?? '[]');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}
