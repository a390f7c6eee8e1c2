import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { enter, sharedInside } from '../support/trixie/enter.ts';

/** A Python with oslo.messaging. */
export interface Python {
  /** Of its oslo.messaging, such as `14.0.3`. */
  readonly version: string;
  /** What runs it: program and arguments. */
  readonly command: readonly string[];
  /** Where it finds the programs of this folder. */
  readonly scripts: string;
}

const here = fileURLToPath(new URL('.', import.meta.url));

/** The one of this machine. Needs `apt install python3-oslo.messaging`. */
export function pythonOfThisMachine(): Promise<Python> {
  return inspected({ command: ['/usr/bin/python3'], scripts: here });
}

/** The one of a system in a folder. */
export function pythonInside(root: string): Promise<Python> {
  return inspected({ command: [...enter(root, here), '/usr/bin/python3'], scripts: sharedInside });
}

async function inspected(python: Omit<Python, 'version'>): Promise<Python> {
  const [program = '', ...args] = python.command;
  const ask = 'import importlib.metadata as about; print(about.version("oslo.messaging"))';
  const { stdout } = await promisify(execFile)(program, [...args, '-c', ask]);
  return { ...python, version: stdout.trim() };
}
