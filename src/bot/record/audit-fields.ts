import type { AuditEvent } from './audit-events.ts';
import type { AuditEntry } from './entry.ts';

type Family<Name extends string> = Name extends `${infer First}.${string}` ? First : Name;

const ofPlan = ['planHash', 'tier', 'votes'] as const;

/**
 * Fields that entries of a family have beside `atMs`, `actor`, `event` and `text`, by the first word of their name. A field is
 * left out where there is nothing to say: no plan yet, every cluster, the bot itself.
 */
export const auditFields: Readonly<Record<Family<AuditEvent>, readonly (keyof AuditEntry)[]>> = {
  incident: ['cluster', 'incident', 'before', 'after', 'surface', 'people'],
  run: ['cluster', 'incident', 'run', 'item', 'before', 'after', 'surface', ...ofPlan, 'people', 'ruling'],
  click: ['cluster', 'incident', 'run', 'before', 'after', 'surface', ...ofPlan],
  glass: ['cluster', 'incident', 'run', ...ofPlan],
  halt: ['cluster', 'incident', 'run', 'before', 'after', 'surface', ...ofPlan],
  maintenance: ['cluster'],
  tap: ['cluster'],
  bot: ['started'],
  sweep: ['cluster'],
  digest: ['people'],
  audit: ['seal', 'trimmed'],
};
