import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { submitVote, type Voted } from '../../../../src/bot/approvals/submit-vote.ts';
import { createTransitions, type Transitions } from '../../../../src/bot/approvals/transitions.ts';
import { type Verified, verifyAudit } from '../../../../src/bot/audit/verify.ts';
import type { BotContext } from '../../../../src/bot/context.ts';
import { systemClock } from '../../../../src/bot/process/system-clock.ts';
import type { Run } from '../../../../src/runbooks/index.ts';
import { inChannel } from '../../fakes/callers.ts';
import { type FakeSlack, fakeSlack, person } from '../../fakes/slack.ts';
import { restoreState, type StoredState, textOf } from './dump.ts';
import {
  ALICE,
  AUDIT_KEY,
  BOB,
  CAROL,
  CHANNEL,
  DAVE,
  isSplit,
  nodeIsDown,
  type Paper,
  paperContext,
  paperNames,
} from './paper.ts';

/*
 * What 0.1.0 (commit a0ed6f8) wrote, and an installation that goes on with it under the code of today. The dump was made once, by
 * the code of that release: make.ts. A test that fails on it tells that somebody’s running installation would not survive the update.
 */

const fixture = (name: string): string => join(import.meta.dirname, '..', 'fixtures', name);

// Written by `dumpState`.
export const oldState = JSON.parse(readFileSync(fixture('state-0.1.0.json'), 'utf8')) as StoredState;

/** The mirror of its audit, which has also what was trimmed. */
export const oldMirror: string = fixture('audit-0.1.0.jsonl');

/** An installation that has just been updated. */
export interface Updated {
  readonly prefix: string;
  readonly context: BotContext;
  readonly transitions: Transitions;
  readonly slack: FakeSlack;
  readonly paper: (name: string) => Paper;
}

const names = { [ALICE]: 'Alice', [BOB]: 'Bob', [CAROL]: 'Carol', [DAVE]: 'Dave' };

/** Puts the state under a prefix of its own, and opens the approvals and the runner of today on it, a moment after the dump. */
export async function update(redis: Redis, from: StoredState = oldState): Promise<Updated> {
  const prefix = `old-state-${randomUUID()}`;
  await restoreState(redis, prefix, from);
  const startedMs = performance.now();
  // Plans of then may still be approved, whenever the test is run.
  const clock = { ...systemClock, now: () => from.dumpedAtMs + Math.round(performance.now() - startedMs) };
  const slack = fakeSlack();
  for (const [id, name] of Object.entries(names)) {
    slack.persons.set(id, person(id, name));
  }
  const papers = new Map<string, Paper>(
    paperNames.map((name) => [name, name === 'prod-d' ? isSplit() : nodeIsDown()]),
  );
  const context = paperContext({ redis, prefix, clock, slack, papers });
  return {
    prefix,
    context,
    transitions: createTransitions(context, context.people),
    slack,
    paper: (name) => given(papers.get(name)),
  };
}

export const click = (user: string) => inChannel(user, CHANNEL);

/** A yes for the plan on the table. */
export const yes = ({ transitions }: Updated, run: Run, user: string): Promise<Voted> =>
  submitVote(
    transitions,
    { run: run.id, planHash: run.plan?.hash ?? '', typed: run.cluster, reason: 'after the update' },
    click(user),
  );

/** The audit as Redis has it now, judged with the key of then. */
export const audited = ({ context }: Updated): Promise<Verified> =>
  verifyAudit({ chain: context.stores.chain, files: [], key: AUDIT_KEY });

/** What the dump has under `incident:` or `run:`, as it was written. */
export function itemsOf<Item>(kind: 'incident' | 'run'): readonly Item[] {
  const found = oldState.keys.filter(({ key }) => key.startsWith(`${kind}:`));
  return found.map((stored) => {
    if (stored.type !== 'hash') {
      throw new Error(`${stored.key} is no item`);
    }
    // Written by the stores of 0.1.0, whose types these were.
    return JSON.parse(textOf(given(stored.value['json']))) as Item;
  });
}

export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error('It is not there');
  }
  return value;
}
