import { loadavg } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../sandbox/wait.ts';
import type { Bench } from './bench.ts';
import { size } from './latency/size.ts';
import { openStage, type Stage } from './latency/stage.ts';
import { cpuMs, waitedMs } from './sweep/measure.ts';

const SECONDS = 60;
const CLICKS_PER_SECOND = 10;
const COMMANDS_PER_SECOND = 5;
const OPEN = size.clusters * size.zombiesPerCluster;
/** Above it the machine is measured, and not the bot. */
const TOO_BUSY_MS = 200;
const buttons = ['incident:ack', 'incident:ack', 'incident:diagnose'];
const typed = ['status', 'incidents', 'queues cluster-1', 'runbooks'];

/** `npm run bench -- latency [seconds]`: how long people wait while the bot is busy with a thousand incidents. */
export const benchLatency: Bench = async ([seconds = String(SECONDS)]) => {
  say('starting Redis, the brokers and the bot');
  const stage = await openStage();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stage.close().finally(() => process.exit(130)));
  }
  try {
    say(`waiting for ${OPEN} open incidents`);
    await waitFor('the incidents to be open', async () => (await stage.openIncidents()).length >= OPEN, {
      ...{ withinMs: 300_000, everyMs: 500 },
    });
    say(`clicking for ${seconds} s, with a sweep of ${size.clusters} clusters every ${size.sweep}`);
    return report(await measure(stage, Number(seconds)));
  } finally {
    await stage.close();
  }
};

interface Waited {
  readonly clicksMs: readonly number[];
  readonly commandsMs: readonly number[];
  /** Processor time of the bot in a second of the measurement: beyond 1,000 it wants more than it can get. */
  readonly botCpuMs: number;
  /** For so long in a second it was ready to work, and the machine had no processor for it: not the bot's own delay. */
  readonly botWaitedMs: number;
}

/** People do not wait for each other: each click is sent at its time, whatever became of the one before. */
async function measure({ slack, openIncidents, botPid }: Stage, seconds: number): Promise<Waited> {
  const incidents = await openIncidents();
  const clicks: Promise<number>[] = [];
  const commands: Promise<number>[] = [];
  const startedAt = { ms: performance.now(), cpuMs: cpuMs(botPid), waitedMs: waitedMs(botPid) };
  const total = seconds * CLICKS_PER_SECOND;
  for (let sent = 0; sent < total; sent += 1) {
    const user = `U0PERSON${sent % 20}`;
    const button = buttons[sent % buttons.length] ?? '';
    clicks.push(slack.press(user, button, incidents[(sent * 7) % incidents.length] ?? ''));
    if (sent % (CLICKS_PER_SECOND / COMMANDS_PER_SECOND) === 0) {
      commands.push(slack.type(user, typed[commands.length % typed.length] ?? ''));
    }
    await sleep(1_000 / CLICKS_PER_SECOND);
  }
  const [clicksMs, commandsMs] = [await Promise.all(clicks), await Promise.all(commands)];
  const tookSeconds = (performance.now() - startedAt.ms) / 1_000;
  return {
    ...{ clicksMs, commandsMs },
    botCpuMs: (cpuMs(botPid) - startedAt.cpuMs) / tookSeconds,
    botWaitedMs: (waitedMs(botPid) - startedAt.waitedMs) / tookSeconds,
  };
}

/** What was waited, and how it stands to what we aim for. Gives 1 when an aim is missed. */
function report({ clicksMs, commandsMs, botCpuMs, botWaitedMs }: Waited): number {
  console.log(`\n${'milliseconds'.padEnd(44)}   count      p50      p99      max`);
  console.log(line('a click, until it is acknowledged', clicksMs));
  console.log(line('a slash command, until its answer is there', commandsMs));
  console.log(
    `the bot in a second: ${botCpuMs.toFixed(0)} ms at work, ${botWaitedMs.toFixed(0)} ms waiting for a processor`,
  );
  if (botWaitedMs > TOO_BUSY_MS) {
    console.log('the machine was busy with other things: these figures are not the bot’s');
  }
  console.log(`load of the machine over the last minute: ${loadavg()[0]?.toFixed(1)}`);
  console.log('\naims');
  const aims = [
    ['ms for a click, p99', percentile(clicksMs, 0.99), 500],
    ['ms for a slash command, p99', percentile(commandsMs, 0.99), 1_000],
  ] as const;
  for (const [what, value, most] of aims) {
    const verdict = value <= most ? 'met   ' : 'MISSED';
    console.log(`  ${verdict} ${what.padEnd(42)} ${value.toFixed(0)}  (at most ${most})`);
  }
  return aims.every(([, value, most]) => value <= most) ? 0 : 1;
}

function line(name: string, values: readonly number[]): string {
  const figures = [0.5, 0.99, 1].map((part) => percentile(values, part).toFixed(0).padStart(9));
  return `${name.padEnd(44)} ${String(values.length).padStart(7)}${figures.join('')}`;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

const say = (text: string): void => console.log(`… ${text}`);
