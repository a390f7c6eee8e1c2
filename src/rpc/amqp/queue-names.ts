import { hostname } from 'node:os';
import type { QueueNames } from '../options/options.ts';
import { hexId } from '../wire/id.ts';

/** How many names each host and process has had. */
const given = new Map<string, number>();

/** What the name of a reply or fanout queue ends in: chance, or `<host>:<process>:<n>` as oslo's queue manager. */
export function nextQueueName(names: QueueNames | undefined): string {
  if (names === undefined) {
    return hexId();
  }
  const owner = `${names.host ?? hostname()}:${names.process}`;
  const number = (given.get(owner) ?? 0) + 1;
  given.set(owner, number);
  return `${owner}:${number}`;
}
