import { type ManagementApi, ManagementError } from '../../../rpc/index.ts';
import type { ClusterPorts } from './ports.ts';

/** Longest wait for one read, milliseconds. Reads of one thing are quick, or the node is in trouble. */
export const READ_MS = 5_000;
/** How long a reconciliation waits for the views of the nodes to agree; rows lag by about 6 s (measured on 3.10.8). */
export const SETTLE_MS = 15_000;
/** Pause between two looks while waiting for something to settle. */
const BETWEEN_LOOKS_MS = 3_000;

export type AskedNode<Value> =
  | { readonly kind: 'answered'; readonly api: ManagementApi; readonly value: Value }
  | { readonly kind: 'silent'; readonly api: ManagementApi; readonly error: unknown };

/** Asks every node the same thing at once. A node that does not answer is named, never left out. */
export async function askEveryNode<Value>(
  ports: ClusterPorts,
  question: (api: ManagementApi) => Promise<Value>,
): Promise<readonly AskedNode<Value>[]> {
  return await Promise.all(
    ports.management.map(
      async (api): Promise<AskedNode<Value>> =>
        await question(api).then(
          (value) => ({ kind: 'answered', api, value }),
          (error: unknown) => ({ kind: 'silent', api, error }),
        ),
    ),
  );
}

/** Two vantage points where there are two: one node alone may be on the wrong side of a partition. */
export const enoughAnswers = (ports: ClusterPorts): number =>
  Math.max(1, Math.min(2, ports.management.length));

/** Did a node's API refuse the connection? Then nothing that was sent can have arrived, and nothing serves there. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof ManagementError && error.why === 'refused';

/** Looks until there is an answer, at most for `limitMs`: the nodes' views of each other take some seconds to agree. */
export async function lookUntil<Answer>(
  ports: ClusterPorts,
  limitMs: number,
  look: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  const untilMs = ports.clock.now() + limitMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) {
      return answer;
    }
    if (ports.clock.now() >= untilMs) {
      return undefined;
    }
    await ports.clock.sleep(BETWEEN_LOOKS_MS);
  }
}
