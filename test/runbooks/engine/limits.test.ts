import { describe, expect, test } from 'vitest';
import type { EngineTools, Observation, Run, RunInput } from '../../../src/runbooks/index.ts';
import { advance, nextOrder } from '../../../src/runbooks/index.ts';
import { approved, lampWith, looked, room, started, tools } from './toy.ts';

/** Lamps that count as queues: turning one off loses its messages. */
const names = (count: number, of = 'lamp'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${of} ${index}`);

const deleting = (messages = 1, change: Partial<EngineTools> = {}): EngineTools => ({
  ...tools,
  describe: ({ action, args }) => ({
    text: `${action} ${String(args['lamp'])}`,
    tier: 'destructive',
    deletes: { vhost: '/', name: String(args['lamp']), messages },
  }),
  ...change,
});

/** The same, of lamps that are in different vhosts. */
const deletingIn = (vhostOf: (lamp: string) => string): EngineTools => ({
  ...deleting(),
  describe: ({ action, args }) => {
    const name = String(args['lamp']);
    return { text: action, tier: 'destructive', deletes: { vhost: vhostOf(name), name, messages: 1 } };
  },
});

/** Among so many others that nobody touches. */
function among(lamps: readonly string[], others: number, missing = false): Observation {
  const seen = room({ lamps });
  const { queues, ...snapshot } = seen.snapshot;
  const rest = names(others, 'dark').map((name) => ({ vhost: '/', name, seenBy: 'a@h', ready: 0 }));
  const gaps = missing ? [{ node: 'b@h', why: 'timeout' }] : [];
  return { ...seen, snapshot: { ...snapshot, queues: { rows: [...queues.rows, ...rest], missing: gaps } } };
}

/** With so many queues in another vhost. */
function withOtherVhost(seen: Observation, count: number): Observation {
  const { queues, ...snapshot } = seen.snapshot;
  const rest = names(count, 'dark').map((name) => ({ vhost: '/other', name, seenBy: 'a@h', ready: 0 }));
  return { ...seen, snapshot: { ...snapshot, queues: { ...queues, rows: [...queues.rows, ...rest] } } };
}

type LampStep = ReturnType<typeof lampWith>['steps'][number];

const isProof = ({ id }: LampStep): boolean => id === 'all-dark';
const onlyDeletions = (step: LampStep): LampStep[] =>
  step.kind === 'each' ? [{ ...step, steps: step.steps.filter(({ kind }) => kind === 'act') }] : [];

/** Only the lamps of the room are on: the others are queues that nobody looks at. */
const book = lampWith({
  choices: () => [],
  detect: (now) => {
    const lamps = now.snapshot.queues.rows.map(({ name }) => name).filter((name) => name.startsWith('lamp'));
    return lamps.length === 0
      ? []
      : [{ key: 'lamps', subject: 'lamps', severity: 'warning', facts: { lamps } }];
  },
  lost: () => [],
  steps: [...lampWith({}).steps.flatMap(onlyDeletions), ...lampWith({}).steps.filter(isProof)],
});

const planOf = (now: Observation, own: EngineTools, wanted = book): Run =>
  advance(wanted, started(), looked(1, now), own);

describe('a plan over a limit', () => {
  test.each<[string, Observation, EngineTools, string | undefined]>([
    ['25 queues are within', among(names(25), 1_000), deleting(), undefined],
    [
      '26 queues are not',
      among(names(26), 1_000),
      deleting(),
      'It deletes 26 queues; one run may delete at most 25',
    ],
    ['50,000 messages are within', among(names(2), 100), deleting(25_000), undefined],
    [
      'one more is not',
      among(names(1), 100),
      deleting(50_001),
      'It loses up to 50,001 messages; one run may lose at most 50,000',
    ],
    ['5 % of a vhost is within', among(names(5), 95), deleting(), undefined],
    [
      'more is not',
      among(names(5), 94),
      deleting(),
      'It deletes 5 of the 99 queues of vhost /; one run may delete at most 5 %',
    ],
    ['one queue is never a share', among(names(1), 0), deleting(), undefined],
    [
      'the queues of another vhost make none smaller',
      withOtherVhost(among(names(5), 94), 1_000),
      deleting(),
      'It deletes 5 of the 99 queues of vhost /; one run may delete at most 5 %',
    ],
    [
      'each vhost is counted by itself',
      among(names(5), 94),
      deletingIn((lamp) => (lamp === 'lamp 4' ? '/other' : '/')),
      undefined,
    ],
    [
      'a vhost that could not be counted is not large',
      among(names(2), 1_000, true),
      deleting(),
      'I could not count all queues of vhost /',
    ],
    ['the hour has room', among(names(5), 500), deleting(1, { deletedLastHour: 95 }), undefined],
    [
      'the hour is full',
      among(names(5), 500),
      deleting(1, { deletedLastHour: 96 }),
      'With the 96 deleted in the last hour, this makes 101 deleted queues; at most 100 may be deleted in an hour',
    ],
  ])('%s', (_, now, own, over) => {
    const { plan } = planOf(now, own);
    expect(plan?.over).toEqual(over === undefined ? undefined : [over]);
    expect(plan?.tier).toBe(over === undefined ? 'destructive' : 'mass');
  });

  test('is not made smaller by beginning with a part: the whole counts', () => {
    const part = { ...book, wanted: () => 40 };
    const { plan } = planOf(among(names(3), 1_000), deleting(), part);
    expect(plan).toMatchObject({
      tier: 'mass',
      over: ['It begins with 3 of 40 queues; one run may delete at most 25'],
    });
  });

  test('the limits are part of what is approved', () => {
    const now = among(names(2), 100);
    const hash = (own: EngineTools) => planOf(now, own).plan?.hash;
    const lower = { ...tools.limits, queuesPerRun: 10 };
    expect(hash(deleting(1, { limits: lower }))).not.toBe(hash(deleting()));
  });

  test('that it went over only after the approval takes the approval away', () => {
    const now = among(names(2), 100);
    const own = deleting();
    const run = planOf(now, own);
    const voted = advance(book, run, approved(run), own);
    const full = { ...own, deletedLastHour: 99 };
    const checked = advance(book, voted, looked(run.plan?.notBeforeMs ?? 0, now), full);
    expect(checked).toMatchObject({ state: 'superseded', because: expect.stringContaining('more votes') });
  });
});

test('what is deleted is looked at twice, some time apart: an early second look does not count', () => {
  const now = among(names(1), 0);
  const own = deleting();
  const run = planOf(now, own);
  expect(run.plan).toMatchObject({ madeAtMs: 1, notBeforeMs: 30_001 });
  const voted = advance(book, run, approved(run), own);
  expect(nextOrder(book, voted, 10_001)).toMatchObject({ kind: 'look', afterMs: 20_000 });
  expect(advance(book, voted, looked(30_000, now), own)).toBe(voted);
  expect(advance(book, voted, looked(30_001, now), own).state).toBe('acting');
});

describe('a deletion that is refused', () => {
  const refused = (index: number): RunInput => ({
    kind: 'acted',
    index,
    outcome: { kind: 'refused', because: 'it is read' },
    atMs: 40_000,
  });
  const done = (index: number): readonly RunInput[] => [
    { kind: 'intended', index, atMs: 40_000 },
    { kind: 'acted', index, outcome: { kind: 'applied', detail: 'gone' }, atMs: 40_000 },
  ];
  function play(...inputs: readonly RunInput[]): Run {
    const now = among(names(4), 100);
    const own = deleting();
    const run = planOf(now, own);
    const acting = [approved(run), looked(30_001, now)].reduce(
      (so, input) => advance(book, so, input, own),
      run,
    );
    return inputs.reduce((so, input) => advance(book, so, input, own), acting);
  }

  test('leaves the others to be done', () => {
    const run = play(...done(0), refused(1), ...done(2));
    expect(run).toMatchObject({
      state: 'acting',
      items: [{ state: 'applied' }, { state: 'refused' }, { state: 'applied' }, { state: 'waiting' }, {}],
    });
  });

  test('ends the run when it is the second in a row', () => {
    expect(play(...done(0), refused(1), refused(2)).state).toBe('failed');
    expect(play(refused(0), ...done(1), refused(2)).state).toBe('acting');
  });

  test('ends the run when it is the last', () => {
    expect(play(...done(0), ...done(1), ...done(2), refused(3)).state).toBe('failed');
  });
});
