import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 20;

/** Reporter that ends a long run with the tests that took longest: where the next one is to be made faster. */
export class SlowestTests implements Reporter {
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void = console.log) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Whoever runs a few files looks at their tests, which are all told already.
    if (modules.length <= SHOWN) {
      return;
    }
    this.#print(['', `The ${SHOWN} slowest tests:`, ...slowestOf(modules)].join('\n'));
  }
}

/** One line a test, the slowest first. */
function slowestOf(modules: readonly TestModule[]): readonly string[] {
  return modules
    .flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        tookMs: test.diagnostic()?.duration ?? 0,
        name: `${relative(process.cwd(), module.moduleId)} > ${test.fullName}`,
      })),
    )
    .toSorted((left, right) => right.tookMs - left.tookMs)
    .slice(0, SHOWN)
    .map(({ tookMs, name }) => `${(tookMs / 1_000).toFixed(1).padStart(7)} s  ${name}`);
}
