import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Bench } from './bench.ts';
import { openBroker } from './broker.ts';
import { buildPackage, startPair } from './rpc/programs.ts';

const CALLS = 1_000_000;
const PARTS = 10;
/** The last part may hold this much more than the third, by when buffers and compiled code have settled. */
const MOST_GROWTH = 1.15;
const SETTLED = 2;

/** `npm run bench -- memory [calls]`: 32 at a time, in ten parts; both processes' memory after each. */
export const benchMemory: Bench = async ([calls = String(CALLS)]) => {
  buildPackage();
  const broker = await openBroker();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void broker.close().finally(() => process.exit(130)));
  }
  try {
    const pair = await startPair(broker, 'ours', 'ours');
    const held: { readonly client: number; readonly server: number }[] = [];
    const count = Math.ceil(Number(calls) / PARTS);
    for (let part = 1; part <= PARTS; part += 1) {
      const { done, tookMs } = await pair.drive({ mode: 'call', atOnce: 32, seconds: 0, count });
      const now = { client: residentMb(pair.client.pid), server: residentMb(pair.server.pid) };
      held.push(now);
      const rate = ((done * 1_000) / tookMs).toFixed(0);
      console.log(
        `${String(part * count).padStart(9)} calls, ${rate}/s: client ${now.client} MB, server ${now.server} MB`,
      );
    }
    const growth = (side: 'client' | 'server'): number =>
      (held.at(-1)?.[side] ?? Number.NaN) / (held[SETTLED]?.[side] ?? Number.NaN);
    const verdicts = (['client', 'server'] as const).map((side) => {
      const value = growth(side);
      console.log(
        `  ${value <= MOST_GROWTH ? 'met   ' : 'MISSED'} ${side}, last part ÷ third  ${value.toFixed(2)}  (at most ${MOST_GROWTH})`,
      );
      return value <= MOST_GROWTH;
    });
    return verdicts.every(Boolean) ? 0 : 1;
  } finally {
    await broker.close();
  }
};

const residentMb = (pid: number): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);
