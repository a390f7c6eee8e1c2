import type { Campaign } from './campaign.ts';
import { grouped } from './grouped.ts';

/** The table of what was broken and survived. */
export function tableOf({ rounds, violations }: Campaign): string {
  const byName = grouped(rounds, ({ disturbance }) => disturbance);
  const rows = [...byName].toSorted(([left], [right]) => left.localeCompare(right));
  const lines = rows.map(([name, played]) => {
    const struck = played.filter((round) => round.struck);
    const survived = struck.filter((round) => round.violations.length === 0);
    return `${name.padEnd(WIDTH)} ${String(struck.length).padStart(8)} ${String(survived.length).padStart(8)}`;
  });
  const runs = rounds.reduce((sum, round) => sum + round.runs, 0);
  const troubles = rounds.reduce((sum, round) => sum + round.troubles.length, 0);
  return [
    `${'disturbance'.padEnd(WIDTH)} injected survived`,
    ...lines,
    '',
    `${rounds.length} rounds, ${troubles} troubles, ${runs} runs of runbooks, ${violations} violations`,
  ].join('\n');
}

const WIDTH = 58;
