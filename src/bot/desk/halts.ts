import { surfaceOf } from '../audit/entry.ts';
import { tellSoon } from '../jobs/tell-soon.ts';
import type { Halt } from '../stores/stores.ts';
import type { Answer, Click } from './answer.ts';
import { actorOf, type Counter } from './counter.ts';

/** What came of it; `news` is for everybody in the channels of these clusters. */
export interface Turned extends Answer {
  readonly news?: {
    readonly kind: 'halt' | 'resume';
    readonly by: string;
    readonly atMs: number;
    /** Absent: all clusters. */
    readonly cluster?: string;
  };
}

/** Stops every action, on one cluster or on all. Anybody on the team may. */
export async function halt(counter: Counter, cluster: string | undefined, click: Click): Promise<Turned> {
  const where = await allowed(counter, 'halt', cluster, click);
  if (typeof where !== 'string') {
    return where;
  }
  const { halts } = counter.context.stores;
  const before = await halts.find(cluster);
  if (before !== undefined) {
    return { text: `Halted already: ${where}. ${await sinceWhen(counter, before)}` };
  }
  await halts.halt(cluster, actorOf(click));
  const news = await turned(counter, 'halt', cluster, click);
  return {
    text: `Halted: ${where}. Nothing more is done until an approver resumes. Looking and telling go on.`,
    news,
  };
}

/** Lets actions go on again. Only an approver may. */
export async function resume(counter: Counter, cluster: string | undefined, click: Click): Promise<Turned> {
  const where = await allowed(counter, 'resume', cluster, click);
  if (typeof where !== 'string') {
    return where;
  }
  const { context } = counter;
  const { halts } = context.stores;
  const names = cluster === undefined ? [...context.clusters.keys()] : [cluster];
  const before = await Promise.all(names.map((name) => halts.find(name)));
  if (before.every((found) => found === undefined)) {
    return { text: `Nothing is halted on ${where}.` };
  }
  await halts.resume(cluster, actorOf(click));
  const left = await halts.find(cluster ?? names[0]);
  if (left !== undefined) {
    const since = await sinceWhen(counter, left);
    if (left.cure !== undefined) return { text: `${where} stays halted. ${since} ${left.cure}` };
    return { text: `${where} stays halted with all the others. ${since} /rabbit resume ends that.` };
  }
  const news = await turned(counter, 'resume', cluster, click);
  return { text: `Resumed: ${where}. Approved runs go on where they stood.`, news };
}

/** The clusters meant, in words; or why not. */
async function allowed(
  counter: Counter,
  kind: 'halt' | 'resume',
  cluster: string | undefined,
  click: Click,
): Promise<string | Answer> {
  const { clusters } = counter.context;
  if (cluster !== undefined && !clusters.has(cluster)) {
    const known = [...clusters.keys()].join(', ');
    return { text: `I do not know a cluster “${cluster}”. There is: ${known}.`, refused: true };
  }
  const where = cluster ?? 'all clusters';
  const decision = await counter.allow({ kind }, click, { cluster: where });
  return decision.allowed ? where : { text: decision.because, refused: true };
}

/** Writes it down, and has the cards of what is under way say it. */
async function turned(
  { context }: Counter,
  kind: 'halt' | 'resume',
  cluster: string | undefined,
  click: Click,
): Promise<NonNullable<Turned['news']>> {
  const { stores, clock } = context;
  const atMs = clock.now();
  await stores.audit.append({
    atMs,
    actor: actorOf(click),
    event: kind === 'halt' ? 'halt.set' : 'halt.cleared',
    text: `${kind} of ${cluster ?? 'all clusters'}`,
    before: kind === 'halt' ? 'going' : 'halted',
    after: kind === 'halt' ? 'halted' : 'going',
    ...surfaceOf(actorOf(click)),
    ...(cluster === undefined ? {} : { cluster }),
  });
  for (const { incident } of await stores.runs.active(cluster)) {
    await tellSoon(context, incident);
  }
  return { kind, by: click.user, atMs, ...(cluster === undefined ? {} : { cluster }) };
}

async function sinceWhen({ people }: Counter, { by, atMs, because }: Halt): Promise<string> {
  if (because !== undefined) return `Why: ${because}.`;
  const name = (await people.names([by])).get(by) ?? by;
  return `${name} did it at ${new Date(atMs).toISOString().slice(11, 16)} UTC.`;
}
