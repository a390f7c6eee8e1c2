import { z } from 'zod';
import { reasonOf } from '../../rpc/index.ts';
import type { Action } from '../action.ts';
import { askEveryNode, lookUntil, READ_MS } from './common/ask-nodes.ts';
import type { ClusterPorts } from './common/ports.ts';
import { goneAlready, outcomeOfWrite, WRITE_MS } from './common/write.ts';

/** A connection leaves the listing 0.3 s after the call and the cache within about 6 s (measured on 3.10.8). */
const SETTLE_MS = 10_000;

const args = z.strictObject({ name: z.string().min(1) });

type Args = z.infer<typeof args>;

/** Action that closes one client connection; a sound client reconnects by itself. The reason reaches the client and the broker's log. */
export const connectionClose: Action<Args, ClusterPorts> = {
  name: 'connection.close',
  tier: 'reversible',
  args,
  timeLimitMs: READ_MS + WRITE_MS,
  checks: ['At least one node lists the connection; if none does, all nodes must answer that it is gone.'],
  undo: 'A healthy client reconnects by itself.',
  describe: ({ name }) =>
    `Close the connection "${name}", with the incident as the reason: ` +
    `DELETE /api/connections/${encodeURIComponent(name)}`,
  precheck: async (wanted, ports) => {
    const { holder, answered, silent } = await find(wanted, ports);
    if (holder !== undefined) {
      return { go: true };
    }
    return answered.length > 0 && silent === ''
      ? { go: true, because: 'it is already gone' }
      : { go: false, because: `no node that answers knows the connection; no answer from others: ${silent}` };
  },
  execute: async (wanted, ports, reason) => {
    const { holder, answered, silent } = await find(wanted, ports);
    const through = holder ?? answered[0]?.api;
    if (through === undefined) {
      return { kind: 'refused', because: `Nothing was sent because no node answers: ${silent}` };
    }
    const options = { timeoutMs: WRITE_MS, reason: headerText(reason) };
    return await outcomeOfWrite(() => through.closeConnection(wanted.name, options), {
      done: `closed through ${through.node}`,
      absent: goneAlready,
    });
  },
  reconcile: async (wanted, ports) => {
    let seen = await find(wanted, ports);
    const gone = await lookUntil(ports, SETTLE_MS, async () => {
      seen = await find(wanted, ports);
      return isGone(seen) ? seen : undefined;
    });
    if (gone !== undefined) {
      return { kind: 'done', because: 'the connection is gone' };
    }
    // The name holds both ports, so it can only be the same connection: closing it once more harms nobody new.
    return seen.holder === undefined
      ? { kind: 'unknown', because: `not every node answered: ${seen.silent}` }
      : { kind: 'not-done', because: `the connection is still open on ${seen.holder.node}` };
  },
};

async function find({ name }: Args, ports: ClusterPorts) {
  const answers = await askEveryNode(ports, (api) => api.connection(name, { timeoutMs: READ_MS }));
  const answered = answers.filter((answer) => answer.kind === 'answered');
  return {
    answered,
    /** A node that knows the connection: in a partition only its own side does. */
    holder: answered.find(({ value }) => value !== undefined)?.api,
    silent: answers
      .filter((answer) => answer.kind === 'silent')
      .map(({ error }) => reasonOf(error))
      .join('; '),
  };
}

const isGone = (seen: Awaited<ReturnType<typeof find>>): boolean =>
  seen.holder === undefined && seen.answered.length > 0 && seen.silent === '';

/** A header holds one line of plain characters, whatever people typed as their reason. */
const headerText = (reason: string): string => reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
