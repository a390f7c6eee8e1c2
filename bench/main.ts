import process from 'node:process';
import type { Bench } from './bench.ts';

/** Every bench by its name: what it measures, and where it is. Add one line to add a bench. */
const benches: Readonly<Record<string, { readonly what: string; readonly run: () => Promise<Bench> }>> = {
  sweep: {
    what: 'a sweep of a large broker, beside rabbitmqctl and the Nagios checks',
    run: async () => (await import('./sweep.ts')).benchSweep,
  },
  rpc: {
    what: 'calls and casts: ours, the Python oslo.messaging, and amqplib without a messaging layer',
    run: async () => (await import('./rpc.ts')).benchRpc,
  },
  memory: {
    what: 'the memory of an RPC client and server over a million calls',
    run: async () => (await import('./rpc-memory.ts')).benchMemory,
  },
  cli: {
    what: 'what commands cost as whole processes, beside bare Node, rabbitmqctl and rabbitmqadmin',
    run: async () => (await import('./cli.ts')).benchCli,
  },
  latency: {
    what: 'how long a click and a command wait while a thousand incidents are open and sweeps never stop',
    run: async () => (await import('./latency.ts')).benchLatency,
  },
};

const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  const list = Object.entries(benches).map(([each, { what }]) => `  ${each}  ${what}`);
  console.error([`npm run bench -- <name>`, ...list].join('\n'));
  process.exitCode = 2;
} else {
  process.exitCode = await (await bench.run())(args);
}
