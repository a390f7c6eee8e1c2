import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** A program with everything that it is given. */
export interface Program {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const costSchema = z.object({ exitCode: z.number(), cpuMs: z.number(), wallMs: z.number() });

/** What one process cost from its start to its end, together with its children. */
export type ProcessCost = z.infer<typeof costSchema>;

/** Measurer of whole processes: a program that starts others and waits for them. */
export interface Measurer extends AsyncDisposable {
  costOf(program: Program): Promise<ProcessCost>;
}

export function openMeasurer(python: string): Measurer {
  const script = fileURLToPath(new URL('cost.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async costOf(program) {
      child.stdin.write(`${JSON.stringify(program)}\n`);
      const { value, done } = await answers.next();
      if (done === true) {
        throw new Error(`cost.py ended: it could not start ${program.argv.join(' ')}`);
      }
      return costSchema.parse(JSON.parse(value));
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
