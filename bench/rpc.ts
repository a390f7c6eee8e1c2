import { existsSync, readdirSync } from 'node:fs';
import process from 'node:process';
import type { Bench } from './bench.ts';
import { openBroker } from './broker.ts';
import { buildPackage, type Pair, type Side, startPair } from './rpc/programs.ts';
import { type Contest, report } from './rpc/report.ts';
import type { Work } from './rpc/work.ts';

const ROUNDS = 7;
/** Short: what else the machine does meanwhile should meet all pairs alike. */
const SECONDS = 1;

const pairs: readonly (readonly [client: Side, server: Side])[] = [
  ['ours', 'ours'],
  ['bare', 'bare'],
  ['unconfirmed', 'unconfirmed'],
  ['ours', 'python'],
  ['python', 'ours'],
  ['python', 'python'],
];
const works: Readonly<Record<string, Work>> = {
  sequential: { mode: 'call', atOnce: 1, seconds: SECONDS },
  '32-way': { mode: 'call', atOnce: 32, seconds: SECONDS },
  casts: { mode: 'cast', atOnce: 32, seconds: SECONDS },
};

/** Until all is compiled that will be compiled: one call at a time would take a minute for that. */
const warmUps: readonly Work[] = [
  { mode: 'call', atOnce: 32, seconds: 4 },
  { mode: 'cast', atOnce: 32, seconds: 1 },
];

/** `npm run bench -- rpc [rounds]`: every pair in turn, again and again, on one broker. */
export const benchRpc: Bench = async ([rounds = String(ROUNDS)]) => {
  if (!hasPython()) {
    console.log('python3-oslo.messaging is not installed: its pairs are left out');
  }
  say('building the package');
  buildPackage();
  say('starting a broker');
  const broker = await openBroker();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void broker.close().finally(() => process.exit(130)));
  }
  try {
    say('starting and warming up clients and servers');
    const contenders: Contender[] = [];
    for (const [client, server] of pairs.filter((pair) => hasPython() || !pair.includes('python'))) {
      contenders.push({ client, server, pair: await startPair(broker, client, server) });
    }
    for (const { pair } of contenders) {
      for (const work of warmUps) {
        await pair.drive(work);
      }
    }
    const contests: Contest[] = [];
    for (let round = 1; round <= Number(rounds); round += 1) {
      say(`round ${round} of ${rounds}`);
      contests.push(...(await contest(contenders, round)));
    }
    return report(contests);
  } finally {
    await broker.close();
  }
};

interface Contender {
  readonly client: Side;
  readonly server: Side;
  readonly pair: Pair;
}

/** Every kind of work by every pair, one after the other: the pairs of a kind within seconds, each time another first. */
async function contest(contenders: readonly Contender[], round: number): Promise<Contest[]> {
  const contests: Contest[] = [];
  const ordered = round % 2 === 0 ? contenders : contenders.toReversed();
  for (const [name, work] of Object.entries(works)) {
    for (const { client, server, pair } of ordered) {
      contests.push({ round, client, server, work: name, ...(await pair.drive(work)) });
    }
  }
  return contests;
}

const hasPython = (): boolean => {
  const packages = '/usr/lib/python3/dist-packages';
  return existsSync(packages) && readdirSync(packages).includes('oslo_messaging');
};

const say = (what: string): void => console.log(`· ${what}`);
