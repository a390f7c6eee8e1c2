#!/usr/bin/env node
import { program } from './cli/program.ts';
import { processEnvironment } from './config/environment.ts';

process.exitCode = await program({
  argv: process.argv.slice(2),
  environment: processEnvironment,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onStop: (stop) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, () => stop(signal));
  },
});
