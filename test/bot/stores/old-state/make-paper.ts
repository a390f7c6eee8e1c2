import type { Redis } from 'ioredis';
import { waitFor } from '../../../../sandbox/wait.ts';
import { haltRepairs, resumeRepairs } from '../../../../src/bot/approvals/halts.ts';
import { acknowledge, requestDiagnosis } from '../../../../src/bot/approvals/incidents.ts';
import { announce } from '../../../../src/bot/approvals/maintenance.ts';
import { choose } from '../../../../src/bot/approvals/plans.ts';
import { cancel } from '../../../../src/bot/approvals/runs.ts';
import { submitVote } from '../../../../src/bot/approvals/submit-vote.ts';
import { createTransitions, type Transitions } from '../../../../src/bot/approvals/transitions.ts';
import { sealEntry } from '../../../../src/bot/audit/seal.ts';
import type { BotContext } from '../../../../src/bot/context.ts';
import { sweep } from '../../../../src/bot/jobs/sweep.ts';
import type { SlackPort } from '../../../../src/bot/ports/slack.ts';
import { systemClock } from '../../../../src/bot/process/system-clock.ts';
import { createIncidentNotifier } from '../../../../src/bot/slack/send/incident-notifier.ts';
import type { Run } from '../../../../src/runbooks/index.ts';
import { inChannel } from '../../fakes/callers.ts';
import {
  ALICE,
  AUDIT_KEY,
  BOB,
  CAROL,
  CHANNEL,
  carry,
  DAVE,
  isSplit,
  nodeIsDown,
  type Paper,
  paperContext,
  runOf,
} from './paper.ts';

const click = (user: string) => inChannel(user, CHANNEL);

/** One run for each state that a run can stand still or end in, each on a cluster of its own. */
export async function makePaperState(redis: Redis, prefix: string, slack: SlackPort): Promise<void> {
  const papers = new Map<string, Paper>(
    ['prod-a', 'prod-b', 'prod-c', 'prod-e', 'prod-f', 'prod-g', 'prod-h'].map((name) => [
      name,
      nodeIsDown(),
    ]),
  );
  papers.set('prod-d', isSplit());
  const context = paperContext({ redis, prefix, clock: systemClock, slack, papers });
  const hasty = paperContext({ redis, prefix, clock: systemClock, slack, papers, planExpiresMs: 1 });
  const transitions = createTransitions(context, context.people);
  const house: House = { context, hasty, transitions, paper: (name) => given(papers.get(name), name) };

  await proposedWithOneVote(house);
  await actingWithIntended(house);
  await checking(house);
  await chosenAndMuted(house);
  await unknown(house);
  await endings(house);
  await seal(context);
  await tripped(house);
  await diagnosing(house);
  await tell(context, slack);
  await seal(context);
  // After the telling: these incidents are behind.
  await acknowledge(transitions, (await incidentOf(house, 'prod-f')).id, click(CAROL));
  await haltRepairs(transitions, 'prod-c', click(BOB));
  await announce(transitions, 'prod-d', '24h', click(ALICE));
  await announce(transitions, 'prod-a', '1h', click(ALICE));
  await announce(transitions, 'prod-a', 'end', click(ALICE));
  await context.stores.maintenance.begin('prod-e', { by: CAROL, untilMs: Date.UTC(2199, 0, 1) });
  await context.stores.homes.opened(ALICE);
  await context.stores.homes.opened(BOB);
  await context.stores.pendingUpdates.waiting();
  await haltRepairs(transitions, undefined, { user: ALICE, surface: { kind: 'terminal', name: 'cli:ops' } });
}

interface House {
  readonly context: BotContext;
  /** Its plans are over at once. */
  readonly hasty: BotContext;
  readonly transitions: Transitions;
  readonly paper: (name: string) => Paper;
}

/** Asked for by Dave; Alice has said yes, and one more must. */
async function proposedWithOneVote(house: House): Promise<void> {
  const run = await plan(house, 'prod-a', DAVE);
  await yes(house.transitions, run, ALICE);
  // What is refused is written down too.
  await yes(house.transitions, run, DAVE);
  await yes(house.transitions, run, ALICE);
  expectState(await carry(house.context, run.id), 'proposed');
}

/** The bot dies while the start is under way. */
async function actingWithIntended(house: House): Promise<void> {
  const run = await approved(house, 'prod-b');
  house.paper('prod-b').execute = () => new Promise(() => {});
  void carry(house.context, run.id).catch(() => {});
  await waitFor(
    'the start to be under way',
    async () => (await runOf(house.context, run.id)).items[0]?.state === 'intended',
    { withinMs: 20_000 },
  );
}

async function checking(house: House): Promise<void> {
  const run = await approved(house, 'prod-c');
  expectState(await runOf(house.context, run.id), 'checking');
}

/** A split that explains two other troubles; Bob wants the other side to be kept. */
async function chosenAndMuted(house: House): Promise<void> {
  const run = await plan(house, 'prod-d', BOB);
  const other = run.choices.find(({ id }) => id !== run.choice);
  await choose(house.transitions, { run: run.id }, given(other, 'another way').id, click(BOB));
  await acknowledge(house.transitions, run.incident, click(BOB));
}

async function unknown(house: House): Promise<void> {
  const paper = house.paper('prod-e');
  paper.timeLimitMs = 0;
  paper.execute = async () => ({ kind: 'unknown', because: 'its host did not answer' });
  const run = await approved(house, 'prod-e');
  expectState(await carry(house.context, run.id), 'unknown');
}

/** Every way to end, one after the other, until the last one repairs it. */
async function endings(house: House): Promise<void> {
  const { context, hasty, transitions } = house;
  const paper = house.paper('prod-g');
  const { execute } = paper;

  paper.execute = async () => ({ kind: 'refused', because: 'its host is not there' });
  const failed = await approved(house, 'prod-g');
  expectState(await carry(context, failed.id), 'failed');
  paper.execute = execute;

  const late = await diagnosed(transitions, (await incidentOf(house, 'prod-g')).id, CAROL);
  await carry(hasty, late.id);
  expectState(await carry(hasty, late.id), 'expired');
  await yes(transitions, await runOf(context, late.id), BOB);

  const withdrawn = await plan(house, 'prod-g', ALICE);
  await cancel(transitions, { run: withdrawn.id }, click(ALICE));
  expectState(await runOf(context, withdrawn.id), 'cancelled');

  const changed = await approved(house, 'prod-g');
  paper.isAlone = true;
  expectState(await carry(context, changed.id), 'superseded');
  paper.isAlone = false;

  const needless = await approved(house, 'prod-g');
  paper.stopped.clear();
  expectState(await carry(context, needless.id), 'stopped');
  paper.stopped.add('rabbit@server-46');

  const repaired = await plan(house, 'prod-g', CAROL);
  await yes(transitions, repaired, ALICE, 'break glass prod-g');
  expectState(await carry(context, repaired.id), 'done');
  for (let clean = 0; clean < 3; clean += 1) {
    await sweepOnce(house, 'prod-g');
  }
}

/** Three failures within the hour: the bot halts the cluster itself. */
async function tripped(house: House): Promise<void> {
  house.paper('prod-h').execute = async () => ({ kind: 'refused', because: 'its host is not there' });
  for (let failures = 0; failures < 3; failures += 1) {
    const run = await approved(house, 'prod-h');
    expectState(await carry(house.context, run.id), 'failed');
    if (failures === 0) {
      await haltRepairs(house.transitions, 'prod-h', click(DAVE));
      await resumeRepairs(house.transitions, 'prod-h', click(DAVE));
      await resumeRepairs(house.transitions, 'prod-h', click(CAROL));
    }
  }
  // Whoever resumed has judged the first.
  const run = await approved(house, 'prod-h');
  expectState(await carry(house.context, run.id), 'failed');
}

async function diagnosing(house: House): Promise<void> {
  await diagnosed(house.transitions, (await incidentOf(house, 'prod-f')).id, DAVE);
}

async function approved(house: House, cluster: string): Promise<Run> {
  const run = await plan(house, cluster, DAVE);
  await yes(house.transitions, run, ALICE);
  await yes(house.transitions, run, BOB);
  return run;
}

async function plan(house: House, cluster: string, asker: string): Promise<Run> {
  const { id } = await diagnosed(house.transitions, (await incidentOf(house, cluster)).id, asker);
  const run = await carry(house.context, id);
  expectState(run, 'proposed');
  return run;
}

async function diagnosed(transitions: Transitions, incident: string, asker: string): Promise<Run> {
  const asked = await requestDiagnosis(transitions, incident, click(asker));
  if (asked.kind === 'refused') {
    throw new Error(asked.answer.text);
  }
  return asked.run;
}

async function yes(transitions: Transitions, run: Run, user: string, glass = ''): Promise<void> {
  const planHash = run.plan?.hash ?? '';
  await submitVote(
    transitions,
    { run: run.id, planHash, typed: run.cluster, reason: 'it is late', glass },
    click(user),
  );
}

/** The incident that nothing else explains; swept for until it is told. */
async function incidentOf(house: House, cluster: string) {
  for (let sweeps = 0; sweeps < 4; sweeps += 1) {
    const open = await house.context.stores.incidents.open(cluster);
    const found = open.find(({ mutedBy }) => mutedBy === undefined);
    if (found !== undefined) {
      return found;
    }
    await sweepOnce(house, cluster);
  }
  throw new Error(`nothing is wrong on ${cluster}`);
}

async function sweepOnce({ context }: House, cluster: string): Promise<void> {
  await sweep(context, given(context.clusters.get(cluster), cluster));
}

/** Everything but what happens afterwards. What the bot that died was just telling stays behind. */
async function tell(context: BotContext, slack: SlackPort): Promise<void> {
  const { stores, clusters } = context;
  const notifier = createIncidentNotifier({ context, slack });
  for (const { incident, mark } of await stores.pendingUpdates.list()) {
    const found = await stores.incidents.get(incident);
    if (found === undefined || !clusters.has(found.cluster)) {
      continue;
    }
    await notifier.tell(incident);
    await stores.pendingUpdates.settle(incident, mark);
  }
}

/** As the bot does it every minute. */
export async function seal({ stores }: Pick<BotContext, 'stores'>): Promise<void> {
  const [tip] = await stores.chain.records(await stores.chain.given(), 1);
  await stores.audit.append(sealEntry(AUDIT_KEY, given(tip, 'an entry'), Date.now()));
}

function expectState(run: Run, state: Run['state']): void {
  if (run.state !== state) {
    throw new Error(`${run.id} is ${run.state}, not ${state}: ${run.because ?? ''}`);
  }
}

function given<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) {
    throw new Error(`There is no ${what}`);
  }
  return value;
}
