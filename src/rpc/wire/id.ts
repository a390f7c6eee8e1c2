import { randomUUID } from 'node:crypto';

/** A uuid4 of 32 hexadecimal digits, as oslo names messages and queues. */
export function hexId(): string {
  const id = randomUUID();
  // Several times as fast as replacing the dashes, and every message takes one or two of them.
  return id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24);
}
