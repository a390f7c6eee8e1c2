import { type ManagementApi, ManagementError, reasonOf } from '../../../rpc/index.ts';
import type { Outcome } from '../../action.ts';

/** Longest wait for one write, milliseconds. */
export const WRITE_MS = 10_000;

type WriteAnswer = Awaited<ReturnType<ManagementApi['deleteQueue']>>;

/** Outcome of one write to the broker. `absent`: what it means that the object did not exist. */
export async function outcomeOfWrite(
  write: () => Promise<WriteAnswer>,
  { done, absent }: { readonly done: string; readonly absent: Outcome },
): Promise<Outcome> {
  try {
    const answer = await write();
    switch (answer.kind) {
      case 'accepted':
        return { kind: 'applied', detail: done };
      case 'absent':
        return absent;
      case 'refused':
        return { kind: 'refused', because: `the broker refused: ${answer.reason}` };
    }
  } catch (error) {
    return writeFailure(error);
  }
}

/** Outcome where the object that should go does not exist. */
export const goneAlready: Outcome = { kind: 'applied', detail: 'it was already gone' };

/** What a failed write means: only a refused connection, login or handshake proves that nothing happened. */
function writeFailure(error: unknown): Outcome {
  const wasNotHeard =
    error instanceof ManagementError && ['refused', 'unauthorized', 'tls'].includes(error.why);
  return { kind: wasNotHeard ? 'refused' : 'unknown', because: reasonOf(error) };
}
