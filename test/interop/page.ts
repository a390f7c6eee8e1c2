import type { Combination } from './combinations.ts';
import { type OptionSet, optionSetsOf } from './option-sets.ts';
import { type Part, playedWith } from './parts.ts';

/** One scenario that was played to its good end. */
export interface Seen {
  readonly combination: string;
  readonly options: string;
  readonly part: string;
  readonly scenario: string;
}

type Planned = Seen;

/** Everything that is to be played. */
export function planOf(combinations: readonly Combination[], parts: readonly Part[]): readonly Planned[] {
  return combinations.flatMap((combination) =>
    optionSetsOf(combination.python.version).flatMap((options) =>
      parts.flatMap((part) =>
        playedWith(options, part).map((scenario) => ({
          combination: combination.name,
          options: options.name,
          part: part.name,
          scenario: scenario.name,
        })),
      ),
    ),
  );
}

/** The page `docs/interop.md`: what was to be played, and what of it was seen to work. */
export function interopPage(
  combinations: readonly Combination[],
  parts: readonly Part[],
  optionSets: readonly OptionSet[],
  seen: readonly Seen[],
): string {
  const plan = planOf(combinations, parts);
  const table = (title: string, rows: readonly { name: string; isOf: (each: Seen) => boolean }[]): string => {
    const cell = (combination: Combination, isOf: (each: Seen) => boolean): string => {
      const isHere = (each: Seen): boolean => each.combination === combination.name && isOf(each);
      const planned = plan.filter(isHere).length;
      return planned === 0 ? 'not in that release' : `${seen.filter(isHere).length} of ${planned}`;
    };
    return [
      `| ${[title, ...combinations.map(({ name }) => name)].join(' | ')} |`,
      `|${' --- |'.repeat(combinations.length + 1)}`,
      ...rows.map(
        ({ name, isOf }) => `| ${[name, ...combinations.map((each) => cell(each, isOf))].join(' | ')} |`,
      ),
    ].join('\n');
  };
  const tables = parts.map((part) =>
    table(
      part.name,
      part.scenarios.map(({ name }) => ({
        name,
        isOf: (each) => each.part === part.name && each.scenario === name,
      })),
    ),
  );
  const byOptions = optionSets.map(({ name }) => ({ name, isOf: (each: Seen) => each.options === name }));
  return `${intro}\n\n${tables.join('\n\n')}\n\n${optionsIntro}\n\n${table('options', byOptions)}\n\n${functional}\n`;
}

const intro = `# With the Python oslo.messaging

Written by \`npm run test:interop\` from what it saw, and compared with what it sees at every run; \`npm run test:interop --
--update\` writes it again. A cell says with how many sets of options the scenario was played, and in how many it came out
as it must.

The older release and its broker are those of Debian 12, the newer ones those of Debian 13, which the tests make in
\`.cache/trixie\` when it is not there.`;

const optionsIntro = `## Options

Both sides are set up with the same option, each in its own words. The queues and exchanges that they share are declared
by both, and the broker refuses the second if it differs in anything. Scenarios that options cannot touch are played
with the defaults only.`;

const functional = `## Their own functional tests

\`oslo_messaging.tests.functional.test_functional\` as it is packaged, with one side replaced: the fixtures that start a
server or a listener start ours, or the ones that call and notify do. Their tests themselves are not changed.

| | oslo.messaging 14.0.3, RabbitMQ 3.10 | oslo.messaging 16.1.0, RabbitMQ 4.0 |
| --- | --- | --- |
| our servers and listeners | 20 of 20 | 20 of 20 |
| our clients and notifiers | 20 of 20 | 20 of 20 |

The 21st, \`MetricsTestCase\`, is left out by name: it wants the service oslo.metrics on port 3000, and fails without it on
the original too. \`test_bad_endpoint\` builds a server of theirs whatever the fixtures are.`;
