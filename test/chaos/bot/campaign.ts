import { openDice } from './dice.ts';
import { type House, openHouse } from './house.ts';
import { keyOf, playRound, type Round } from './round.ts';
import { unlessAborted } from './unless-aborted.ts';

/** What came of all rounds. */
export interface Campaign {
  readonly rounds: readonly Round[];
  readonly violations: number;
}

/** Plays so many rounds in one sandbox, one after the other; the seed decides what is broken and when. */
export async function playCampaign(options: {
  readonly runs: number;
  readonly seed: number;
  /** Told each round as soon as it is over, with the audit around whatever went wrong. */
  readonly tell: (lines: readonly string[]) => void;
  /** Nothing new is begun after so many milliseconds. */
  readonly withinMs?: number;
  /** Breaks it off: it throws when everything has ended. @default never */
  readonly signal?: AbortSignal;
}): Promise<Campaign> {
  const until = performance.now() + (options.withinMs ?? Number.POSITIVE_INFINITY);
  const { signal = new AbortController().signal } = options;
  await using house = await openHouse(signal);
  const dice = openDice(options.seed);
  const rounds: Round[] = [];
  const known = new Set<string>();
  for (let number = 1; number <= options.runs && performance.now() < until; number += 1) {
    const round = await unlessAborted(signal, playRound(house, dice, number, known));
    for (const violation of round.violations) {
      known.add(keyOf(violation));
    }
    rounds.push(round);
    options.tell([roundLine(round), ...(await explain(house, round))]);
  }
  const broken = await chainBroken(house);
  if (broken.length > 0) {
    options.tell(broken);
  }
  const violations = rounds.reduce((sum, { violations }) => sum + violations.length, 0);
  return { rounds, violations: violations + broken.length };
}

/** Whatever died meanwhile: the audit must still be what was written, without a gap. */
async function chainBroken({ sandbox }: House): Promise<readonly string[]> {
  const { exitCode, output } = await sandbox.watership('audit', '--verify');
  return exitCode === 0 ? [] : [`     audit: ${output.trim()}`];
}

function roundLine({
  number,
  disturbance,
  moment,
  struck,
  troubles,
  tookMs,
  violations,
  runs,
}: Round): string {
  const how = struck ? moment : 'its moment did not come';
  const seconds = (tookMs / 1_000).toFixed(0);
  return `${String(number).padStart(3)}  ${violations.length === 0 ? 'held' : 'BROKEN'}  ${disturbance} (${how}); ${troubles.join('; ')}; ${runs} runs, ${seconds} s`;
}

const AUDIT_LINES = 40;

async function explain({ state }: House, { violations }: Round): Promise<readonly string[]> {
  if (violations.length === 0) {
    return [];
  }
  const audit = await state.audit();
  return violations.flatMap(({ rule, about, text }) => [
    `     ${rule}: ${about}: ${text}`,
    ...audit
      .filter((entry) => entry.run === about || entry.incident === about)
      .slice(-AUDIT_LINES)
      .map(
        (entry) =>
          `       ${new Date(entry.atMs).toISOString()}  ${entry.actor}  ${entry.event}  ${entry.run ?? ''}  ${entry.text}`,
      ),
  ]);
}
