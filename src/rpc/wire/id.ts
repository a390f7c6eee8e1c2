import { randomUUID } from 'node:crypto';

/** A uuid4 of 32 hexadecimal digits, as oslo names messages and queues. */
export function hexId(): string {
  return randomUUID().replaceAll('-', '');
}
