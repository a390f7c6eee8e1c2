import { median } from '../sweep/measure.ts';
import type { ProcessCost } from './cost.ts';

export type Costs = ReadonlyMap<string, readonly ProcessCost[]>;

/** What the others are compared with. */
export const BARE_NODE = 'node -e 0';
export const PEERS = ['rabbitmqctl version', 'rabbitmqadmin --version'] as const;

/** The most of bare Node's processor time that a question about the program itself may cost. */
const MOST = 3;

/** Medians, and how they stand to what we aim for. Gives 1 when an aim is missed. */
export function report(costs: Costs): number {
  const cpuOf = (name: string): number => median((costs.get(name) ?? []).map(({ cpuMs }) => cpuMs));
  const others = [BARE_NODE, ...PEERS];
  console.log(
    `\nmedians${'CPU-ms'.padStart(28)}${'wall ms'.padStart(10)}   CPU ÷ ${others.join('   CPU ÷ ')}`,
  );
  for (const [name, runs] of costs) {
    const wallMs = median(runs.map((run) => run.wallMs));
    const ratios = others.map((other) =>
      (cpuOf(name) / cpuOf(other)).toFixed(2).padStart('   CPU ÷ '.length + other.length),
    );
    console.log(
      `${name.padEnd(25)}${cpuOf(name).toFixed(1).padStart(10)}${wallMs.toFixed(1).padStart(10)}${ratios.join('')}`,
    );
  }
  console.log('\naims');
  const aims = ['watership --version', 'watership --help'].map(
    (name) => [`CPU, ${name} ÷ ${BARE_NODE}`, cpuOf(name) / cpuOf(BARE_NODE)] as const,
  );
  for (const [what, value] of aims) {
    console.log(
      `  ${value <= MOST ? 'met   ' : 'MISSED'} ${what.padEnd(42)} ${value.toFixed(2)}  (at most ${MOST})`,
    );
  }
  return aims.every(([, value]) => value <= MOST) ? 0 : 1;
}
