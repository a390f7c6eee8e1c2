#!/usr/bin/env node
import { program } from './cli/program.ts';
import { processEnvironment } from './process/environment.ts';
import { redact } from './process/redact.ts';

// Node would print the error as it is. The process ends all the same: nobody knows what state it is in.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${redact(error.stack ?? String(error))}\n`);
  process.kill(process.pid, 'SIGKILL');
});

const unread: (() => void)[] = [];
// `watership … | head`: whoever prints without end is told, and what is printed after that is nobody's loss.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
  for (const stop of unread) {
    stop();
  }
});

process.exitCode = await program({
  argv: process.argv.slice(2),
  environment: processEnvironment,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onUnread: (stop) => unread.push(stop),
  onStop: (stop) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) {
      process.on(signal, () => stop(signal));
    }
  },
});

/** A command that a run started may hold the process for minutes more; what it does is settled by the next start. */
const LINGER_MS = 3_000;
const asked = process.exitCode === 0 ? 'SIGTERM' : 'SIGKILL';
setTimeout(() => {
  process.removeAllListeners('SIGTERM');
  process.kill(process.pid, asked);
}, LINGER_MS).unref();
