import { median } from '../sweep/measure.ts';
import type { Measured, Side } from './programs.ts';

/** One pair at one kind of work, once. */
export interface Contest extends Measured {
  readonly client: Side;
  readonly server: Side;
  readonly work: string;
  readonly round: number;
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
  /** Pairs are compared within each round, when the machine was alike for both. */
  const ratio = (work: string, other: Side): number => {
    const ours = groups.get(nameOf(work, 'ours', 'ours')) ?? [];
    const others = groups.get(nameOf(work, other, other)) ?? [];
    return median(
      ours.flatMap((one) =>
        others.filter(({ round }) => round === one.round).map((each) => perSecond(one) / perSecond(each)),
      ),
    );
  };
  console.log('\naims, medians of the ratios of each round');
  const aims: readonly (readonly [what: string, value: number, least: number])[] = [
    ...['sequential', '32-way', 'casts'].map(
      (work) => [`${work}, ours ÷ bare amqplib`, ratio(work, 'bare'), 0.85] as const,
    ),
    ['sequential, ours ÷ Python', ratio('sequential', 'python'), 3],
    ['32-way, ours ÷ Python', ratio('32-way', 'python'), 6],
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
