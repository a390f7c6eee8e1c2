import { definite } from '../../rpc/index.ts';
import type { Halt } from '../stores/stores.ts';
import { utcTime } from '../wording/words.ts';
import { notifySoon } from './notify-soon.ts';
import { actorOf, auditSurfaceOf, type Caller, type CallerAnswer } from './rules/caller.ts';
import type { Transitions } from './transitions.ts';

/** What came of it; `news` is for everybody in the channels of these clusters. */
export interface Turned extends CallerAnswer {
  readonly news?: {
    readonly kind: 'halt' | 'resume';
    readonly by: string;
    readonly atMs: number;
    /** Absent: all clusters. */
    readonly cluster?: string;
  };
}

/** Stops every action, on one cluster or on all. Anybody on the team may. */
export async function haltRepairs(
  transitions: Transitions,
  cluster: string | undefined,
  caller: Caller,
): Promise<Turned> {
  const where = await allowed(transitions, 'halt', cluster, caller);
  if (typeof where !== 'string') {
    return where;
  }
  const { halts } = transitions.context.stores;
  const before = await halts.find(cluster);
  if (before !== undefined && before.cure === undefined) {
    return { text: `Halted already: ${where}. ${await sinceWhen(transitions, before)}` };
  }
  // What halts this machine alone may end at any time, and stops no other bot: a person's halt is stored all the same.
  await halts.halt(cluster, actorOf(caller));
  const news = await turned(transitions, 'halt', cluster, caller);
  const also =
    before === undefined ? '' : ` Another halt is in force too: ${await sinceWhen(transitions, before)}`;
  return {
    text: `Halted: ${where}. No further step starts until an approver resumes. Sweeps and alerts continue.${also}`,
    news,
  };
}

/** Lets actions go on again. Only an approver may. */
export async function resumeRepairs(
  transitions: Transitions,
  cluster: string | undefined,
  caller: Caller,
): Promise<Turned> {
  const where = await allowed(transitions, 'resume', cluster, caller);
  if (typeof where !== 'string') {
    return where;
  }
  const { context } = transitions;
  const { halts } = context.stores;
  const names = cluster === undefined ? [...context.clusters.keys()] : [cluster];
  const before = await Promise.all(names.map((name) => halts.find(name)));
  if (before.every((found) => found === undefined)) {
    return { text: `Nothing is halted on ${where}.` };
  }
  // What would go on standing still is not half resumed behind its back.
  const [stays] = before.filter((found) => found?.cure !== undefined || (found?.everywhere && cluster));
  if (stays !== undefined) {
    const since = await sinceWhen(transitions, stays);
    const cure = stays.cure ?? 'Type /rabbit resume without a cluster to end that.';
    const how = stays.cure === undefined ? 'stays halted together with all other clusters' : 'stays halted';
    return { text: `${where} ${how}. ${since} ${cure} Nothing was changed.`, refused: true };
  }
  await halts.resume(cluster, actorOf(caller));
  const news = await turned(transitions, 'resume', cluster, caller);
  return { text: `Resumed: ${where}. Approved runs continue where they were halted.`, news };
}

/** The clusters meant, in words; or why not. */
async function allowed(
  transitions: Transitions,
  kind: 'halt' | 'resume',
  cluster: string | undefined,
  caller: Caller,
): Promise<string | CallerAnswer> {
  const { clusters } = transitions.context;
  if (cluster !== undefined && !clusters.has(cluster)) {
    const known = [...clusters.keys()].join(', ');
    return { text: `No cluster named “${cluster}”. Known clusters: ${known}.`, refused: true };
  }
  const where = cluster ?? 'all clusters';
  const decision = await transitions.allow({ kind }, caller, { cluster: where });
  return decision.allowed ? where : { text: decision.because, refused: true };
}

/** Writes it down, and has the cards of what is under way say it. */
async function turned(
  { context }: Transitions,
  kind: 'halt' | 'resume',
  cluster: string | undefined,
  caller: Caller,
): Promise<NonNullable<Turned['news']>> {
  const { stores, clock } = context;
  const atMs = clock.now();
  await stores.audit.append({
    atMs,
    actor: actorOf(caller),
    event: kind === 'halt' ? 'halt.set' : 'halt.cleared',
    text: `${kind} of ${cluster ?? 'all clusters'}`,
    before: kind === 'halt' ? 'going' : 'halted',
    after: kind === 'halt' ? 'halted' : 'going',
    ...auditSurfaceOf(caller),
    ...definite({ cluster }),
  });
  for (const { incident } of await stores.runs.active(cluster)) {
    await notifySoon(context, incident);
  }
  return { kind, by: caller.user, atMs, ...definite({ cluster }) };
}

async function sinceWhen({ people }: Transitions, { by, atMs, because }: Halt): Promise<string> {
  if (because !== undefined) {
    return `Why: ${because}.`;
  }
  const name = (await people.names([by])).get(by) ?? by;
  return `${name} halted it at ${utcTime(atMs)}.`;
}
