import { PythonException, Target, type TargetFields } from '../../../src/rpc/index.ts';

/** The values that their endpoint counts and collects. */
export interface Counted {
  ival: number;
  sval: string;
}

type Method = (
  context: unknown,
  args: { increment: number; text: string; seconds: number; echo: string },
) => unknown;

/** An endpoint that behaves as one of theirs with these methods, and serves what that serves. */
export function endpointLike(
  methods: readonly string[],
  served: TargetFields | null,
  counted: Counted,
): object {
  const all = methodsOn(counted);
  const chosen = methods.map((name) => {
    const method = all[name];
    if (method === undefined) {
      throw new Error(`An endpoint of theirs has a method that is not known here: ${name}`);
    }
    return [name, method] as const;
  });
  return { ...Object.fromEntries(chosen), ...(served && { target: new Target(served) }) };
}

function methodsOn(counted: Counted): Readonly<Record<string, Method>> {
  const add = (increment: number): number => {
    counted.ival += increment;
    return counted.ival;
  };
  return {
    add: (_context, { increment }) => add(increment),
    subtract: (_context, { increment }) => {
      if (counted.ival < increment) {
        throw new PythonException('ValueError', "ival can't go negative!");
      }
      return add(-increment);
    },
    append: (_context, { text }) => {
      counted.sval += text;
      return counted.sval;
    },
    long_running_task: (_context, { seconds }) => after(seconds, undefined),
    delay: (_context, { seconds }) => after(seconds, seconds),
    test: (_context, { echo }) => echo,
  };
}

function after<Value>(seconds: number, value: Value): Promise<Value> {
  return new Promise((resolve) => setTimeout(() => resolve(value), seconds * 1_000));
}
