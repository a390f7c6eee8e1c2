import { expect, test } from 'vitest';
import { book } from '../../src/runbooks/book/index.ts';
import type { Incident } from '../../src/runbooks/incident.ts';
import { muting } from '../../src/runbooks/muting.ts';
import { NOW, queue, seen } from './observation.ts';
import { probed, samples } from './probes.ts';

const now = seen({
  queues: [queue('compute.cmp1', { ready: 200 }), queue('compute.cmp2', { ready: 9_000 })],
  probes: probed({ 'compute.cmp1': { samples: samples('deaf', 3) } }),
});

function incidentOf(runbook: string, change: Partial<Incident> = {}, from = now): Incident {
  const [found] = book.find(({ id }) => id === runbook)?.detect(from) ?? [];
  if (found === undefined) {
    throw new Error(`${runbook} found nothing`);
  }
  return {
    ...found,
    id: runbook,
    cluster: 'prod-a',
    runbook,
    state: 'open',
    openedAtMs: NOW,
    lastSeenAtMs: NOW,
    cleanSweeps: 0,
    version: 1,
    ...change,
  };
}

const muted = (...incidents: readonly Incident[]) =>
  Object.fromEntries(
    muting(
      book,
      incidents.map((incident) => ({ incident, isFound: true })),
    ),
  );

const piled = seen({ queues: [queue('compute.cmp1', { ready: 9_000 })] });
const deaf = incidentOf('deaf-service');
const ownPile = incidentOf('backlog', {}, piled);

test('a deaf service explains the backlog of its own queue that comes after it', () => {
  expect(muted(deaf, { ...ownPile, openedAtMs: NOW + 1 })).toEqual({ backlog: 'deaf-service' });
});

test('a deaf service explains no backlog of another queue, nor of the same name in another vhost', () => {
  const other = incidentOf('backlog');
  expect(other.subject).toBe('compute.cmp2');
  expect(muted(deaf, { ...other, openedAtMs: NOW + 1 })).toEqual({});
  const elsewhere = { ...ownPile, facts: { ...(ownPile.facts as object), vhost: 'other' } };
  expect(muted(deaf, { ...elsewhere, openedAtMs: NOW + 1 })).toEqual({});
});

test('a backlog that was told first keeps its card and its treatment', () => {
  expect(muted(deaf, { ...ownPile, openedAtMs: NOW - 1 })).toEqual({});
});

const split: Incident = { ...deaf, id: 'split', key: 'network', runbook: 'partition' };

test('a split explains what comes with it or after it, and not what was told more than a minute before', () => {
  expect(muted(split, deaf)).toEqual({ 'deaf-service': 'split' });
  expect(muted({ ...split, openedAtMs: NOW + 60_000 }, deaf)).toEqual({ 'deaf-service': 'split' });
  expect(muted({ ...split, openedAtMs: NOW + 60_001 }, deaf)).toEqual({});
});

test('a trouble that nobody was told of stays silent under a cause that is younger', () => {
  const silent = { ...deaf, mutedBy: 'gone' };
  expect(muted({ ...split, openedAtMs: NOW + 1 }, silent)).toEqual({ 'deaf-service': 'split' });
});

test('a trouble that is being treated keeps its card', () => {
  const standings = [
    { incident: split, isFound: true },
    { incident: deaf, isFound: true, isTreated: true },
  ];
  expect(muting(book, standings).size).toBe(0);
});
