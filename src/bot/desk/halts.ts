import type { Answer, Click } from './answer.ts';
import type { Counter } from './counter.ts';

/** Stops every action, on one cluster or on all. Anybody on the team may. */
export async function halt(counter: Counter, cluster: string | undefined, click: Click): Promise<Answer> {
  return await turn(counter, 'halt', cluster, click);
}

/** Lets actions go on again. Only an approver may. */
export async function resume(counter: Counter, cluster: string | undefined, click: Click): Promise<Answer> {
  return await turn(counter, 'resume', cluster, click);
}

async function turn(
  counter: Counter,
  kind: 'halt' | 'resume',
  cluster: string | undefined,
  click: Click,
): Promise<Answer> {
  const { stores, clock, clusters } = counter.context;
  if (cluster !== undefined && !clusters.has(cluster)) {
    const known = [...clusters.keys()].join(', ');
    return { text: `I do not know a cluster “${cluster}”. There is: ${known}.`, refused: true };
  }
  const where = cluster ?? 'all clusters';
  const decision = await counter.allow({ kind }, click, { cluster: where });
  if (!decision.allowed) {
    return { text: decision.because, refused: true };
  }
  await stores.halts[kind](cluster, click.user);
  await stores.audit.append({
    atMs: clock.now(),
    actor: click.user,
    event: kind === 'halt' ? 'halt.set' : 'halt.cleared',
    text: `${kind} of ${where}`,
    ...(cluster === undefined ? {} : { cluster }),
  });
  return kind === 'halt'
    ? { text: `Halted: ${where}. Nothing more is done until an approver resumes. Looking and telling go on.` }
    : { text: `Resumed: ${where}. Approved runs go on where they stood.` };
}
