import { expect, test } from 'vitest';
import { atItsWorst, withWorst } from '../../src/runbooks/worst.ts';
import { openIncident } from '../bot/fakes/world.ts';

const down = { ...openIncident, severity: 'critical', runbook: 'link-down', subject: 'ctl1 - ctl3' } as const;
const echo = { ...openIncident, severity: 'warning', runbook: 'partition', subject: 'an echo' } as const;

test('an incident that eases remembers how it was, and forgets it when it is as bad again', () => {
  const eased = withWorst(down, echo);
  expect(atItsWorst(eased)).toMatchObject({ severity: 'critical', subject: 'ctl1 - ctl3' });
  expect(eased).toMatchObject({ severity: 'warning', subject: 'an echo' });
  const still = withWorst(eased, { ...echo, severity: 'info' });
  expect(atItsWorst(still)).toMatchObject({ severity: 'critical', runbook: 'link-down' });
  expect(withWorst(still, { ...down, subject: 'ctl2 - ctl3' }).worst).toBeUndefined();
});

test('an incident that was written before its worst was kept is told as it stands', () => {
  expect(atItsWorst(openIncident)).toEqual(openIncident);
});
