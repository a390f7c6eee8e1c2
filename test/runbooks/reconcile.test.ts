import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { book, runbookOf } from '../../src/runbooks/book/index.ts';
import { detect } from '../../src/runbooks/detect.ts';
import type { Incident, News, Pending } from '../../src/runbooks/incident.ts';
import { limitDefaults } from '../../src/runbooks/limits.ts';
import { type ReconcileInput, reconcile, restartedBy } from '../../src/runbooks/reconcile.ts';
import type { Run } from '../../src/runbooks/run.ts';
import type { Observation } from '../../src/runbooks/snapshot/observation.ts';
import {
  A,
  answering,
  B,
  C,
  connection,
  linkDownViews,
  MINUTE,
  NOW,
  queue,
  quiet,
  seen,
  silent,
  splitViews,
  withoutC,
} from './observation.ts';

const SWEEP_MS = 15_000;

type Options = Partial<Pick<ReconcileInput, 'treated' | 'failed' | 'findings' | 'restarting'>>;

/** The sweeps of one cluster, one after the other: what the bot does, without Redis. */
class Sweeps {
  open: readonly Incident[] = [];
  pending: readonly Pending[] = [];
  atMs = NOW;
  #ids = 0;

  /** One sweep; the news as short texts. */
  see(now: Observation, options: Options = {}): string[] {
    return this.news(now, options).map(told);
  }

  news(now: Observation, options: Options = {}): readonly News[] {
    this.atMs += SWEEP_MS;
    const { news, pending } = reconcile({
      book,
      open: this.open,
      pending: this.pending,
      findings: detect(book, now).findings,
      snapshot: { ...now.snapshot, takenAtMs: this.atMs },
      resolveAfterSweeps: 3,
      nowMs: this.atMs,
      newId: () => `INC-${++this.#ids}`,
      ...options,
    });
    const changed = new Map(news.map(({ incident }) => [incident.id, incident]));
    const opened = news.filter(({ kind }) => kind === 'opened').map(({ incident }) => incident);
    this.open = [...this.open.map((incident) => changed.get(incident.id) ?? incident), ...opened].filter(
      ({ state }) => state === 'open',
    );
    this.pending = pending;
    return news;
  }

  /** Several sweeps that see the same: the news of the last. */
  seeTimes(times: number, now: Observation): string[] {
    return Array.from({ length: times }, () => this.see(now)).at(-1) ?? [];
  }
}

const told = (news: News): string => {
  const { id, runbook, mutedBy } = news.incident;
  const what = news.kind === 'changed' ? news.how : news.kind;
  return `${id} ${runbook} ${what}${mutedBy === undefined ? '' : ` (muted by ${mutedBy})`}`;
};

const split = seen({ nodes: splitViews });
const linkDown = seen({ nodes: linkDownViews });
const full = (ready: number, change = {}) => seen({ queues: [queue('conductor', { ready })], ...change });

describe('an incident opens', () => {
  test('when as many sweeps in a row have found it as its runbook wants', () => {
    const sweeps = new Sweeps();
    expect([sweeps.see(split), sweeps.see(split)]).toEqual([[], ['INC-1 partition opened']]);
    expect(sweeps.open).toMatchObject([
      { id: 'INC-1', key: 'network', version: 1, cleanSweeps: 0, cluster: 'prod-a' },
    ]);
  });

  test('not when a sweep in between has seen that it is not there', () => {
    const sweeps = new Sweeps();
    expect([sweeps.see(split), sweeps.see(quiet), sweeps.see(split)]).toEqual([[], [], []]);
  });

  test('also when a sweep in between could not look', () => {
    const sweeps = new Sweeps();
    const blind = seen({ nodes: [answering(A), answering(B), silent(C, 'timeout')] });
    sweeps.see(split);
    sweeps.see(blind);
    expect(sweeps.see(split)).toEqual(['INC-1 partition opened']);
  });

  test('when phases of the same trouble together have been found often enough', () => {
    const sweeps = new Sweeps();
    expect([sweeps.see(linkDown), sweeps.see(split)]).toEqual([[], ['INC-1 partition opened']]);
  });

  test('once, however many runbooks find the same key', () => {
    const sweeps = new Sweeps();
    const [finding] = detect(book, split).findings;
    const twice = finding
      ? [{ ...finding, runbook: 'link-down', severity: 'warning' as const }, finding]
      : [];
    sweeps.see(split, { findings: twice });
    expect(sweeps.see(split, { findings: twice })).toEqual(['INC-1 partition opened']);
  });
});

describe('an open incident', () => {
  test('changes its phase, and stays the same incident', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, linkDown);
    expect([sweeps.see(split), sweeps.see(split)]).toEqual([[], ['INC-1 partition phase']]);
  });

  test('keeps its phase and its facts while a run acts on it: nodes that restart make views differ', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    const treated = new Set(['INC-1']);
    const before = sweeps.open[0]?.facts;
    const blind = seen({
      nodes: [splitViews[0], silent(B, 'timeout'), splitViews[2]].filter((view) => view !== undefined),
    });
    const news = [linkDown, linkDown, linkDown, blind].flatMap((now) => sweeps.see(now, { treated }));
    expect(news.filter((line) => line.includes('phase'))).toEqual([]);
    expect(sweeps.open[0]?.facts).toEqual(before);
  });

  test('keeps its phase and its facts when a sweep read less: a node restarts while the network heals', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    const before = sweeps.open[0]?.facts;
    const blind = seen({
      nodes: splitViews.map((view) => (view.name === B ? silent(B, 'timeout') : view)),
    });
    const hanging = seen({
      nodes: [answering(A), ...[B, C].map((name) => silent(name, 'timeout', { portOpen: true }))],
    });
    for (const now of [blind, blind, hanging, hanging, hanging]) {
      sweeps.see(now);
    }
    expect(sweeps.open[0]).toMatchObject({ runbook: 'partition', subject: 'server-45' });
    expect(sweeps.open[0]?.facts).toEqual(before);
  });

  test('takes the facts of a sweep that read more', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(
      2,
      seen({ nodes: splitViews.map((view) => (view.name === B ? silent(B, 'timeout') : view)) }),
    );
    expect(sweeps.open[0]?.facts).toMatchObject({ unseen: [B] });
    sweeps.see(split);
    expect(sweeps.open[0]?.facts).toMatchObject({ unseen: [] });
  });

  test('worsens and eases', () => {
    const sweeps = new Sweeps();
    const leak = (channels: number) => seen({ connections: [connection('c', { channels })] });
    sweeps.seeTimes(2, leak(120));
    expect([sweeps.see(leak(700)), sweeps.see(leak(200))]).toEqual([
      ['INC-1 channel-leak worsened'],
      ['INC-1 channel-leak eased'],
    ]);
  });

  test('is written when a person would read something else, and else at most every minute', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, full(600));
    const quietly = Array.from({ length: 4 }, () => sweeps.see(full(600)));
    expect([...quietly, sweeps.see(full(601))]).toEqual([
      [],
      [],
      [],
      ['INC-1 backlog facts'],
      ['INC-1 backlog facts'],
    ]);
    expect(sweeps.open[0]).toMatchObject({ version: 3, lastSeenAtMs: sweeps.atMs });
  });

  test('resolves after clean sweeps in a row', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    expect([sweeps.see(quiet), sweeps.see(quiet), sweeps.see(quiet)]).toEqual([
      ['INC-1 partition facts'],
      ['INC-1 partition facts'],
      ['INC-1 partition resolved'],
    ]);
    expect(sweeps.open).toEqual([]);
  });

  test('begins to count anew when it is found again', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    sweeps.seeTimes(2, quiet);
    sweeps.see(split);
    expect(sweeps.open).toMatchObject([{ cleanSweeps: 0 }]);
    expect(sweeps.seeTimes(2, quiet)).toEqual(['INC-1 partition facts']);
  });

  test('does not resolve under a run that acts on it, and does right after', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    const treated = new Set(['INC-1']);
    const news = Array.from({ length: 6 }, () => sweeps.see(quiet, { treated }));
    expect(news.flat().some((line) => line.endsWith('resolved'))).toBe(false);
    expect(news.at(-1)).toEqual([]);
    expect(sweeps.see(quiet)).toEqual(['INC-1 partition resolved']);
  });

  test('does not resolve while its detector fails', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    const failed = new Set(['partition']);
    expect(Array.from({ length: 5 }, () => sweeps.see(quiet, { failed })).flat()).toEqual([]);
  });

  test('of a drain that goes on does not resolve before the level is reached', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, full(4_000));
    const draining = full(3_000, {
      history: {
        queues: {
          '/\u0000conductor': {
            ready: [
              [NOW - MINUTE, 4_000],
              [NOW, 3_000],
            ],
          },
        },
      },
    });
    expect(detect(book, draining).findings).toEqual([]);
    expect(Array.from({ length: 5 }, () => sweeps.see(draining)).flat()).toEqual([]);
    expect(sweeps.seeTimes(3, full(0))).toEqual(['INC-1 backlog resolved']);
  });

  test('of a runbook that this version no longer has resolves only when everything is seen', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, split);
    sweeps.open = sweeps.open.map((incident) => ({ ...incident, runbook: 'retired' }));
    const blind = seen({ nodes: withoutC(silent(C)) });
    expect(sweeps.seeTimes(1, blind).filter((line) => line.includes('retired'))).toEqual([]);
    expect(sweeps.open.find(({ runbook }) => runbook === 'retired')?.cleanSweeps).toBe(0);
    sweeps.see(quiet);
    expect(sweeps.open.find(({ runbook }) => runbook === 'retired')?.cleanSweeps).toBe(1);
  });
});

describe('a node that a run restarts', () => {
  const down = seen({ nodes: withoutC(silent(C)) });

  test('is no trouble of its own, and one when it stays down after the run', () => {
    const sweeps = new Sweeps();
    const restarting = new Set<string>([C]);
    expect([1, 2, 3].map(() => sweeps.see(down, { restarting }))).toEqual([[], [], []]);
    expect(sweeps.pending).toEqual([]);
    expect([sweeps.see(down), sweeps.see(down)]).toEqual([[], ['INC-1 node-down opened']]);
  });

  test('stays the trouble that it was before', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, down);
    expect(sweeps.see(down, { restarting: new Set([C]), treated: new Set(['INC-1']) })).toEqual([]);
    expect(sweeps.open).toMatchObject([{ runbook: 'node-down', cleanSweeps: 0 }]);
  });

  test('is named by the plan of a run that acts', () => {
    const call = (node: string) => ({
      kind: 'act' as const,
      step: 'stop',
      title: '',
      call: { action: 'node.stop', args: { node } },
      describe: '',
      onlyIfNeeded: false,
    });
    const plan = {
      hash: '',
      tier: 'node' as const,
      items: [call(B), call(C), { ...call(A), call: { action: 'queue.delete', args: { name: A } } }],
      lost: [],
      undo: '',
      limits: limitDefaults,
      madeAtMs: NOW,
      expiresAtMs: NOW,
    };
    const run = (state: Run['state']): Run => ({
      id: 'RUN-1',
      incident: 'INC-1',
      cluster: 'prod-a',
      runbook: 'partition',
      key: 'network',
      subject: 'server-45',
      facts: {},
      state,
      requestedBy: 'U1',
      startedAtMs: NOW,
      evidence: [],
      answered: {},
      before: {},
      choices: [],
      plan,
      votes: [],
      items: [],
      version: 1,
    });
    expect([restartedBy([run('acting')]), restartedBy([run('proposed'), run('failed')])]).toEqual([
      new Set([B, C]),
      new Set(),
    ]);
  });
});

describe('a cause', () => {
  const both = seen({ nodes: splitViews, queues: [queue('conductor', { ready: 900 })] });

  test('mutes what it explains from the beginning', () => {
    const sweeps = new Sweeps();
    expect(sweeps.seeTimes(2, both)).toEqual([
      'INC-1 partition opened',
      'INC-2 backlog opened (muted by INC-1)',
    ]);
  });

  test('leaves its card to what was told more than a minute before it', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, full(900));
    sweeps.atMs += 60_000;
    sweeps.see(both);
    expect(sweeps.see(both)).toEqual(['INC-2 partition opened']);
  });

  test('takes over the card of a symptom that was sure a moment earlier', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, full(900));
    sweeps.see(both);
    expect(sweeps.see(both)).toEqual(['INC-1 backlog muted (muted by INC-2)', 'INC-2 partition opened']);
  });

  test('lets its symptoms speak when it is gone', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, both);
    expect(sweeps.seeTimes(3, full(900))).toContain('INC-2 backlog unmuted');
  });

  test('keeps a symptom silent that goes with it', () => {
    const sweeps = new Sweeps();
    sweeps.seeTimes(2, both);
    expect([sweeps.see(quiet), sweeps.see(quiet), sweeps.see(quiet)].at(-1)).toEqual([
      'INC-1 partition resolved',
      'INC-2 backlog resolved (muted by INC-1)',
    ]);
  });

  test('that is only a sweep away holds its symptoms back', () => {
    const sweeps = new Sweeps();
    sweeps.see(full(900));
    expect(sweeps.see(both)).toEqual([]);
    expect(sweeps.see(both)).toEqual(['INC-1 partition opened', 'INC-2 backlog opened (muted by INC-1)']);
  });

  test('that is told already does not hold back what comes after it: that opens, and is counted as muted', () => {
    const sweeps = new Sweeps();
    const before = seen({ nodes: splitViews, queues: [queue('conductor', { ready: 0 })] });
    expect(sweeps.seeTimes(3, before)).toEqual([]);
    expect(sweeps.seeTimes(2, both)).toEqual(['INC-2 backlog opened (muted by INC-1)']);
    const down = new Sweeps();
    down.seeTimes(2, seen({ nodes: withoutC(silent(C)) }));
    const finding = {
      key: 'unbound:/:conductor',
      runbook: 'unbound-service',
      subject: 'conductor',
      severity: 'critical' as const,
      facts: {},
    };
    const now = seen({ nodes: withoutC(silent(C)) });
    const findings = [...detect(book, now).findings, finding];
    expect(down.see(now, { findings })).toEqual(['INC-2 unbound-service opened (muted by INC-1)']);
  });

  test('does not mute what it does not explain', () => {
    const sweeps = new Sweeps();
    const now = seen({ nodes: splitViews, consumers: { rows: [], missing: [{ node: A, why: 'slow' }] } });
    expect(sweeps.seeTimes(2, now)).toEqual(['INC-1 partition opened', 'INC-2 cannot-see opened']);
  });
});

test('a node that goes from hanging to down is one incident', () => {
  const sweeps = new Sweeps();
  sweeps.seeTimes(2, seen({ nodes: [answering(A), answering(B), silent(C, 'timeout', { portOpen: true })] }));
  expect(sweeps.seeTimes(2, seen({ nodes: withoutC(silent(C)) }))).toEqual(['INC-1 node-down phase']);
});

test('a symptom that cannot be seen stays silent, though its cause has become another one', () => {
  const sweeps = new Sweeps();
  const queues = { rows: [queue('conductor', { ready: 900 })], missing: [] };
  const blindly = { rows: [], missing: [{ node: A, why: 'slow' }] };
  sweeps.seeTimes(2, seen({ nodes: withoutC(silent(C)), queues }));
  const hanging = [answering(A), answering(B), silent(C, 'unauthorized')];
  sweeps.seeTimes(2, seen({ nodes: hanging, queues: blindly }));
  expect(sweeps.open.find(({ key }) => key === 'node:rabbit@server-46')?.runbook).toBe('cannot-see');
  expect(sweeps.open.find(({ runbook }) => runbook === 'backlog')?.mutedBy).toBe('INC-1');
  expect(sweeps.see(seen({ nodes: hanging, queues }))).toContain('INC-2 backlog unmuted');
});

describe('whatever the sweeps see', () => {
  const views = fc.constantFrom(
    quiet.snapshot.nodes,
    splitViews,
    linkDownViews,
    withoutC(silent(C)),
    withoutC(silent(C, 'refused', { vm: 'registered' })),
    [answering(A), silent(B, 'timeout', { portOpen: true }), silent(C, 'timeout', { portOpen: true })],
    [answering(A), answering(B), silent(C, 'unauthorized')],
    [silent(A), silent(B), silent(C)],
  );
  const ready = fc.constantFrom(undefined, 0, 400, 900, 20_000);
  const observation = fc
    .record({
      nodes: views,
      ready,
      channels: fc.constantFrom(undefined, 3, 150, 800),
      isListed: fc.boolean(),
    })
    .map(({ nodes, ready: messages, channels, isListed }) => {
      const missing = isListed ? [] : [{ node: A, why: 'slow' }];
      const rows = messages === undefined ? [] : [queue('conductor', { ready: messages })];
      const connections = channels === undefined ? [] : [connection('c', { channels })];
      return seen({ nodes, queues: { rows, missing }, connections: { rows: connections, missing } });
    });

  test('no two open incidents have one key, versions rise by one, and muted ones name an open cause', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 25 }), (observations) => {
        const sweeps = new Sweeps();
        for (const now of observations) {
          const before = new Map(sweeps.open.map((incident) => [incident.id, incident.version]));
          const news = sweeps.news(now);
          for (const { incident } of news) {
            expect(incident.version).toBe((before.get(incident.id) ?? 0) + 1);
          }
          expect(new Set(news.map(({ incident }) => incident.id)).size).toBe(news.length);
          const keys = sweeps.open.map(({ key }) => key);
          expect(new Set(keys).size).toBe(keys.length);
          const foundNow = new Set(detect(book, now).findings.map(({ key }) => key));
          for (const { key, mutedBy, runbook } of sweeps.open) {
            // One that this sweep did not find stays as silent as it was, whatever became of its cause.
            if (mutedBy === undefined || !foundNow.has(key)) {
              continue;
            }
            const cause = sweeps.open.find(({ id }) => id === mutedBy);
            if (cause) {
              expect(runbookOf(cause.runbook)?.mutes).toContain(runbook);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a sweep that saw nothing resolves nothing, and opens only that it cannot see', () => {
    const blind = fc.constantFrom(
      seen({ nodes: [silent(A), silent(B), silent(C)], ...nothingListed() }),
      seen({
        nodes: [A, B, C].map((name) => silent(name, 'timeout', { portOpen: true })),
        ...nothingListed(),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(observation, { maxLength: 10 }),
        fc.array(blind, { minLength: 1, maxLength: 10 }),
        (seenBefore, blinded) => {
          const sweeps = new Sweeps();
          for (const now of seenBefore) {
            sweeps.news(now);
          }
          const open = sweeps.open.filter(({ runbook }) => runbook !== 'cannot-see').map(({ id }) => id);
          for (const now of blinded) {
            for (const { kind, incident } of sweeps.news(now)) {
              expect(kind).not.toBe('resolved');
              if (kind === 'opened') {
                expect(['cannot-see', 'silent-drop']).toContain(incident.runbook);
              }
            }
          }
          expect(sweeps.open.map(({ id }) => id)).toEqual(expect.arrayContaining(open));
        },
      ),
      { numRuns: 200 },
    );
  });
});

function nothingListed() {
  const missing = [A, B, C].map((node) => ({ node, why: 'silent' }));
  const none = { rows: [], missing };
  return { queues: none, connections: none, consumers: none };
}
