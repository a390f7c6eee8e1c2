import type { Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import type { Fence } from '../stores/stores.ts';

/* One run at a time acts on a cluster. */

/** Longer than any pause between two steps. */
const TURN_MS = 60_000;

const turnOf = (run: Run): string => `turn:${run.cluster}`;

/** Undefined while another run has it. Lasts for one action of that time, and for the pause after it. */
export async function takeTurn(
  { stores }: BotContext,
  run: Run,
  actionMs: number,
): Promise<Fence | undefined> {
  const lease = turnOf(run);
  const turn = await stores.leases.take(lease, run.id, actionMs + TURN_MS);
  return turn && { lease, token: turn.token };
}

/** Between its actions a run keeps its turn: what it began must be verified before another one acts. */
export async function keepTurn({ stores }: BotContext, run: Run): Promise<void> {
  if (run.state === 'acting') await stores.leases.renew(turnOf(run), run.id, TURN_MS);
}

/** Lets the next run act. */
export async function endTurn({ stores }: BotContext, run: Run): Promise<void> {
  await stores.leases.release(turnOf(run), run.id);
}
