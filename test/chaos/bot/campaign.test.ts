import { expect, test } from 'vitest';
import { playCampaign } from './campaign.ts';

/** A small campaign, so that it is always played; `npm run chaos` plays as many rounds as are wanted. */
const ROUNDS = 8;
const SEED = 7;
/** On a slow machine it is fewer rounds, not more minutes. */
const BEGIN_WITHIN_MS = 240_000;

test('three bots keep every promise while they, Redis, Slack and the cluster fail under them', {
  timeout: 900_000,
}, async () => {
  const told: string[] = [];
  const { rounds, violations } = await playCampaign({
    ...{ runs: ROUNDS, seed: SEED, withinMs: BEGIN_WITHIN_MS },
    tell: (lines) => told.push(...lines),
  });
  expect(violations, told.join('\n')).toBe(0);
  expect(rounds.some(({ struck }) => struck)).toBe(true);
});
