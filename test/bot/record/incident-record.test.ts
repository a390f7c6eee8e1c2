import { expect, test } from 'vitest';
import { incidentRecordsOf } from '../../../src/bot/record/incident-record.ts';
import { openIncident } from '../fakes/world.ts';

test('what explains an incident is named and said', () => {
  const cause = { ...openIncident, id: 'INC-0411', runbook: 'node-down', subject: 'ctl3' };
  const incident = { ...openIncident, mutedBy: cause.id };
  const told = incidentRecordsOf({ kind: 'changed', how: 'muted', incident }, openIncident, [], cause);
  expect(told.timeline.map(({ text }) => text)).toEqual(['Explained by INC-0411: node-down: ctl3']);
});
