import { nearest } from '../../../config/file/nearest.ts';
import { type Reply, say } from './command.ts';

/** Answer to an unknown name: the nearest known one, or all of them. */
export function unknown(
  what: 'cluster' | 'command' | 'runbook',
  wanted: string,
  known: readonly string[],
): Reply {
  const near = nearest(wanted, known);
  const hint = near === undefined ? `Known ${what}s: ${known.join(', ')}.` : `Did you mean ${near}?`;
  return say(`No ${what} named “${wanted}”. ${hint}`);
}
