import type { OptionSet } from './option-sets.ts';
import { notifications } from './scenarios/notifications.ts';
import { ourClient } from './scenarios/our-client.ts';
import { ourServer } from './scenarios/our-server.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** Scenarios that belong together. */
export interface Part {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

/** All of them. */
export const parts: readonly Part[] = [
  { name: 'our client, their server', scenarios: ourClient },
  { name: 'our server, their client', scenarios: ourServer },
  { name: 'notifications', scenarios: notifications },
];

/** The scenarios of a part that are played with these options: all with the defaults, else those that options touch. */
export function playedWith(options: OptionSet, part: Part): readonly Scenario[] {
  return part.scenarios.filter(({ withAllOptions }) => options.name === 'defaults' || withAllOptions);
}
