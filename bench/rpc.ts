import { existsSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { openBroker } from './broker.ts';
import type { Bench } from './main.ts';
import { buildPackage, type Measured, type Pair, type Side, startPair } from './rpc/programs.ts';
import { type Contest, report } from './rpc/report.ts';
import type { Work } from './rpc/work.ts';

const ROUNDS = 3;
const SECONDS = 3;

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

/** `npm run bench -- rpc [rounds]`: every pair in turn, again and again, on one broker. */
export const benchRpc: Bench = async ([rounds = String(ROUNDS)]) => {
  if (!hasPython()) console.log('python3-oslo.messaging is not installed: its pairs are left out');
  say('building the package');
  buildPackage();
  say('starting a broker');
  const broker = await openBroker();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void broker.close().finally(() => process.exit(130)));
  }
  try {
    const contests: Contest[] = [];
    for (let round = 1; round <= Number(rounds); round += 1) {
      say(`round ${round} of ${rounds}`);
      for (const [client, server] of pairs.filter((pair) => hasPython() || !pair.includes('python'))) {
        // One pair at a time: two servers of one topic would share its calls.
        const pair = await startPair(broker, client, server);
        for (const [name, work] of Object.entries(works)) {
          contests.push({ client, server, work: name, ...(await once(pair, work)) });
        }
        await pair.stop();
      }
    }
    return report(contests);
  } finally {
    await broker.close();
  }
};

/** A short run before the one that counts: connections, queues and compiled code are there then. */
async function once(pair: Pair, work: Work): Promise<Measured> {
  await pair.drive({ ...work, seconds: 1 });
  return pair.drive(work);
}

const hasPython = (): boolean => {
  const packages = '/usr/lib/python3/dist-packages';
  return existsSync(packages) && readdirSync(packages).includes('oslo_messaging');
};

const say = (what: string): void => console.log(`· ${what}`);
