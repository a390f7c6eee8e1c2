import { command, runCtl } from './client.ts';
import { faultList } from './faults/index.ts';
import { layoutOf } from './layout.ts';
import { runSandbox } from './run.ts';

const USAGE = `npm run sandbox                        start everything; Ctrl-C ends it
npm run sandbox -- break <fault>       break something
npm run sandbox -- heal [fault]        undo all faults, or this one
npm run sandbox -- status              show nodes, services and the bot
npm run sandbox -- stop                end it from another terminal
npm run sandbox -- ctl <node> <args>   rabbitmqctl on one of its nodes, e.g. ctl rabbit45 cluster_status
npm run sandbox -- start --without-bot start all but the bot, to run one by hand: npm run dev -- start --config …
  --dir <folder>                       use this folder instead of .sandbox

Faults:
${faultList}`;

// An open channel to the launcher would keep us alive.
process.exit(await main(process.argv.slice(2)));

function main(argv: readonly string[]): Promise<number> | number {
  const { folder, words } = takeFolder(argv);
  const layout = layoutOf(folder);
  const [verb = 'start', ...rest] = words;
  switch (verb) {
    case 'start':
      return runSandbox(layout, { withoutBot: rest.includes('--without-bot') });
    case 'break':
    case 'heal':
    case 'status':
    case 'stop':
      return command(layout, verb, rest[0]);
    case 'ctl':
      return runCtl(layout, rest);
    case 'help':
    case '--help':
    case '-h':
      console.log(USAGE);
      return 0;
    default:
      console.error(`No command named ${JSON.stringify(verb)}.\n\n${USAGE}`);
      return 2;
  }
}

// Only before the verb's own words: what follows `ctl <node>` is rabbitmqctl's.
function takeFolder(argv: readonly string[]): {
  readonly folder: string | undefined;
  readonly words: readonly string[];
} {
  const [first, folder, ...words] = argv;
  return first === '--dir' ? { folder, words } : { folder: undefined, words: argv };
}
