import { auditEvents, eventsOnlyRead } from '../../src/bot/record/audit-events.ts';
import { auditFields } from '../../src/bot/record/audit-fields.ts';
import { code, markdownTable, opening } from './table.ts';

/** Page `docs/audit-events.md`: every kind of audit entry. */
export function auditEventsPage(): string {
  const families = Object.entries(auditFields);
  return [
    ...opening('Audit events', code('src/bot/record/audit-events.ts')),
    'What a field means, and how entries are chained: [the audit](audit.md). Every entry has `atMs`, `actor`, `event` and `text`.',
    'The other fields are there where there is something to say: an entry of the bot itself has no `surface`, a run without a',
    'plan has no `planHash`, and only an entry about one line of a plan has `item`.',
    ...families.flatMap(([family, fields]) => [
      '',
      `## ${family}`,
      '',
      fields.length === 0 ? 'No further fields.' : `Further fields: ${fields.map(code).join(', ')}.`,
      '',
      ...markdownTable(
        ['event', 'written when'],
        Object.entries(auditEvents)
          .filter(([name]) => name === family || name.startsWith(`${family}.`))
          .map(([name, when]) => [code(name), when]),
      ),
    ]),
    '',
    '## Only read',
    '',
    ...markdownTable(
      ['event', 'why a reader may meet it'],
      Object.entries(eventsOnlyRead).map(([name, why]) => [code(name), why]),
    ),
    '',
  ].join('\n');
}
