import { median } from '../sweep/measure.ts';
import type { Measured, Side } from './programs.ts';

/** One pair at one kind of work, once. */
export interface Contest extends Measured {
  readonly client: Side;
  readonly server: Side;
  readonly work: string;
}

/** Medians, and how they stand to what we aim for. Gives 1 when an aim is missed. */
export function report(contests: readonly Contest[]): number {
  console.log(
    '\nmedians                              a second    p50 ms    p99 ms   CPU µs each (client, server)',
  );
  const groups = new Map<string, Contest[]>();
  for (const contest of contests) {
    const name = nameOf(contest.work, contest.client, contest.server);
    groups.set(name, [...(groups.get(name) ?? []), contest]);
  }
  for (const [name, group] of [...groups].toSorted(([one], [other]) => one.localeCompare(other))) {
    console.log(line(name, group));
  }
  const rate = (work: string, client: Side, server: Side): number =>
    median((groups.get(nameOf(work, client, server)) ?? []).map(perSecond));
  console.log('\naims');
  const aims: readonly (readonly [what: string, value: number, least: number])[] = [
    ...['sequential', '32-way', 'casts'].map(
      (work) =>
        [
          `${work}, ours ÷ bare amqplib`,
          rate(work, 'ours', 'ours') / rate(work, 'bare', 'bare'),
          0.85,
        ] as const,
    ),
    [
      'sequential, ours ÷ Python',
      rate('sequential', 'ours', 'ours') / rate('sequential', 'python', 'python'),
      3,
    ],
    ['32-way, ours ÷ Python', rate('32-way', 'ours', 'ours') / rate('32-way', 'python', 'python'), 6],
  ];
  const measured = aims.filter(([, value]) => !Number.isNaN(value));
  for (const [what, value, least] of measured) {
    console.log(
      `  ${value >= least ? 'met   ' : 'MISSED'} ${what.padEnd(36)} ${value.toFixed(2)}  (at least ${least})`,
    );
  }
  return measured.every(([, value, least]) => value >= least) ? 0 : 1;
}

const nameOf = (work: string, client: Side, server: Side): string => `${work}: ${client} → ${server}`;

const perSecond = ({ done, tookMs }: Measured): number => (done * 1_000) / tookMs;

function line(name: string, group: readonly Contest[]): string {
  const of = (pick: (contest: Contest) => number): number => median(group.map(pick));
  const each = (pick: (contest: Contest) => number): string =>
    of((contest) => (pick(contest) * 1_000) / contest.done).toFixed(0);
  return [
    name.padEnd(34),
    of(perSecond).toFixed(0).padStart(11),
    of(({ p50Ms }) => p50Ms)
      .toFixed(2)
      .padStart(10),
    of(({ p99Ms }) => p99Ms)
      .toFixed(2)
      .padStart(10),
    `   ${each(({ clientCpuMs }) => clientCpuMs)}, ${each(({ serverCpuMs }) => serverCpuMs)}`,
  ].join('');
}
