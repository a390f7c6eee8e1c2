import { deedsOf, leftStopped, nodeNameIn, type Run } from '../../runbooks/index.ts';
import { listed } from './words.ts';

/** What the runs of an incident had to do with its end. */
export type Ended =
  | { readonly kind: 'repaired'; readonly run: Run }
  /** A run has changed something, and did not prove a repair. */
  | { readonly kind: 'touched'; readonly run: Run }
  | { readonly kind: 'untouched' };

/** How an incident ended, by its runs, the oldest first. */
export function howItEnded(runs: readonly Run[]): Ended {
  const repair = runs.findLast(({ state }) => state === 'done');
  if (repair !== undefined) {
    return { kind: 'repaired', run: repair };
  }
  const touched = runs.findLast((run) => deedsOf(run).length > 0);
  return touched === undefined ? { kind: 'untouched' } : { kind: 'touched', run: touched };
}

/** `RUN-0010 was cancelled after: Stop RabbitMQ on rabbit45. It left rabbit45 stopped.` */
export function whatItLeft(run: Run): string {
  const how = run.state === 'cancelled' ? 'was cancelled' : run.state === 'failed' ? 'failed' : 'ended';
  const nodes = leftStopped(run).map(({ node }) => nodeNameIn(run)(node));
  const left = nodes.length === 0 ? '' : ` It left ${listed(nodes)} stopped.`;
  return `${run.id} ${how} after: ${deedsOf(run).join('; ')}.${left}`;
}

/** Which nodes nobody starts again if it ends once the running step is over. */
export function staysStopped(run: Run): string | undefined {
  const nodes = leftStopped(run, 'after').map(({ node }) => nodeNameIn(run)(node));
  return nodes.length === 0
    ? undefined
    : `${listed(nodes)} will stay stopped until somebody starts ${nodes.length === 1 ? 'it' : 'them'}.`;
}

/** The newest run of another incident that stopped this incident's node and ended before it was started again. */
export const stopperOf = (
  { id, cluster, key }: { readonly id: string; readonly cluster: string; readonly key: string },
  newestFirst: readonly Run[],
): Run | undefined =>
  newestFirst.find(
    (run) =>
      run.cluster === cluster &&
      run.incident !== id &&
      run.endedAtMs !== undefined &&
      run.state !== 'done' &&
      leftStopped(run).some(({ node }) => key === `node:${node}`),
  );
