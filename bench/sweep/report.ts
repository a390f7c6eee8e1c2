import { type Cost, median } from './measure.ts';

export type Contender = 'api' | 'metrics' | 'rabbitmqctl' | 'nagios';
export type Costs = Readonly<Record<Contender, readonly Cost[]>>;

const NAMES: Readonly<Record<Contender, string>> = {
  api: 'watership, management API alone',
  metrics: 'watership, with /metrics/detailed',
  rabbitmqctl: 'rabbitmqctl, four listings',
  nagios: 'nagios-plugins-rabbitmq, seven checks',
};

/** Medians, and how they stand to what we aim for. Gives 1 when an aim is missed. */
export function report(costs: Costs, memoryBytes: number, detectMs: number): number {
  console.log(
    '\nmedians                                   wall ms   broker CPU-ms   beyond idle        MB   own CPU-ms',
  );
  for (const contender of ['api', 'metrics', 'rabbitmqctl', 'nagios'] as const) {
    const runs = costs[contender];
    if (runs.length > 0) {
      console.log(line(NAMES[contender], runs));
    }
  }
  const wall = (contender: Contender) => median(costs[contender].map(({ wallMs }) => wallMs));
  const cpu = (contender: Contender) => median(costs[contender].map(({ brokerCpuMs }) => brokerCpuMs));
  const megabytes = median(costs.api.map(({ bytes = Number.NaN }) => bytes)) / 1e6;
  console.log('\naims');
  const aims: readonly (readonly [what: string, value: number, most: number])[] = [
    ['wall, API alone ÷ rabbitmqctl', wall('api') / wall('rabbitmqctl'), 0.25],
    ['wall, with metrics ÷ rabbitmqctl', wall('metrics') / wall('rabbitmqctl'), 0.1],
    ['wall, API alone ÷ Nagios checks', wall('api') / wall('nagios'), 0.05],
    ['wall, with metrics ÷ Nagios checks', wall('metrics') / wall('nagios'), 0.05],
    ['broker CPU, API alone ÷ rabbitmqctl', cpu('api') / cpu('rabbitmqctl'), 0.7],
    ['broker CPU, with metrics ÷ rabbitmqctl', cpu('metrics') / cpu('rabbitmqctl'), 0.25],
    ['MB over the wire, API alone', megabytes, 4],
    ['MB of memory gained while sweeping', memoryBytes / 1e6, 50],
    ['ms to detect over the snapshot', detectMs, 50],
  ];
  // What was not measured is neither met nor missed.
  const measured = aims.filter(([, value]) => !Number.isNaN(value));
  for (const [what, value, most] of measured) {
    const verdict = value <= most ? 'met   ' : 'MISSED';
    console.log(`  ${verdict} ${what.padEnd(42)} ${figure(value)}  (at most ${most})`);
  }
  return measured.every(([, value, most]) => value <= most) ? 0 : 1;
}

function line(name: string, runs: readonly Cost[]): string {
  const column = (pick: (cost: Cost) => number | undefined, width: number, digits = 0): string => {
    const values = runs.flatMap((cost) => pick(cost) ?? []);
    return (values.length === 0 ? '-' : median(values).toFixed(digits)).padStart(width);
  };
  return [
    name.padEnd(40),
    column(({ wallMs }) => wallMs, 9),
    column(({ brokerCpuMs }) => brokerCpuMs, 16),
    column(({ brokerExtraCpuMs }) => brokerExtraCpuMs, 14),
    column(({ bytes }) => (bytes === undefined ? undefined : bytes / 1e6), 10, 2),
    column(({ ownCpuMs }) => ownCpuMs, 13),
  ].join('');
}

const figure = (value: number): string => (value < 10 ? value.toFixed(3) : value.toFixed(1)).padStart(7);
