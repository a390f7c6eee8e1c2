import { parseArgs } from 'node:util';
import { playCampaign } from './campaign.ts';
import { tableOf } from './report.ts';

const USAGE = `npm run chaos -- [--runs 25] [--seed 1] [--minutes <n>]
Breaks a sandbox and three bots on it, again and again, and checks from outside that every promise was kept.
The same seed breaks the same things. 200 runs are the full size. Exit code 1: a promise was broken.`;

process.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '25' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [runs, seed, minutes] = [
    Number(values.runs),
    Number(values.seed),
    Number(values.minutes ?? 'Infinity'),
  ];
  if (values.help || !(runs > 0) || Number.isNaN(seed) || !(minutes > 0)) {
    console.error(USAGE);
    return 2;
  }
  // Asked to end, it takes all that it has started along, and its folder.
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ending.abort());
  }
  const campaign = await playCampaign({
    ...{ runs, seed, withinMs: minutes * 60_000, signal: ending.signal },
    tell: (lines) => console.log(lines.join('\n')),
  }).catch((error: unknown) => {
    if (ending.signal.aborted) {
      return undefined;
    }
    throw error;
  });
  if (campaign === undefined) {
    return 130;
  }
  console.log(`\n${tableOf(campaign)}`);
  return campaign.violations === 0 ? 0 : 1;
}
