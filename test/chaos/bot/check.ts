import { activeStates } from './check-cards.ts';
import type { Passed } from './door.ts';
import { grouped } from './grouped.ts';
import type { StoredEntry, StoredIncident, StoredRun } from './state.ts';

/** What is there to be seen, all from outside. */
export interface Evidence {
  readonly incidents: readonly StoredIncident[];
  readonly runs: readonly StoredRun[];
  /** Oldest first. */
  readonly audit: readonly StoredEntry[];
  /** What the brokers were told to change, in the order of the asking. */
  readonly passed: readonly Passed[];
  /** What the hosts were told to do. */
  readonly operations: readonly {
    readonly startedAt: string;
    readonly operation: string;
    readonly node?: string;
    readonly service?: string;
  }[];
}

/** A promise that was not kept. */
export interface Violation {
  readonly rule: 'approval' | 'once' | 'explained' | 'card' | 'stuck' | 'treated';
  /** The run or incident that it is about; by it the audit around is shown. */
  readonly about: string;
  readonly text: string;
}

/** Everything in the evidence that a person would have to explain the morning after. */
export function check(evidence: Evidence): readonly Violation[] {
  return [
    ...evidence.runs.flatMap((run) => [
      ...approved(run, evidence.audit),
      ...begunOnce(run, evidence.audit),
      ...explained(run),
    ]),
    ...callsOrdered(evidence),
    ...operationsOrdered(evidence),
    ...evidence.incidents
      .filter(({ state }) => state === 'open')
      .map(
        ({ id, subject, runbook }): Violation => ({
          rule: 'stuck',
          about: id,
          text: `${runbook} (${subject}) is still open`,
        }),
      ),
  ];
}

/** No step began before somebody had said yes to exactly this plan, in the run and in the audit. */
function approved(run: StoredRun, audit: readonly StoredEntry[]): readonly Violation[] {
  const begun = run.items.flatMap(({ startedAtMs, attempts = 0 }) =>
    attempts > 0 && startedAtMs !== undefined ? [startedAtMs] : [],
  );
  if (begun.length === 0) {
    return [];
  }
  const hash = run.plan?.hash;
  const firstMs = Math.min(...begun);
  const own = audit.filter((entry) => entry.run === run.id);
  const firstIntended = own.findIndex(({ event }) => event === 'run.item.intended');
  const isVoted = run.votes.some(({ planHash, atMs }) => planHash === hash && atMs <= firstMs);
  const isRecorded = own
    .slice(0, Math.max(0, firstIntended))
    .some(({ event, planHash }) => event === 'run.voted' && planHash === hash);
  const no = (text: string): Violation => ({ rule: 'approval', about: run.id, text });
  return [
    ...(isVoted ? [] : [no('it acted without a vote for its plan')]),
    ...(isRecorded ? [] : [no('the audit knows no vote for this plan before the first step')]),
  ];
}

/** A step begins once, and again only after it was found, or said, not to have happened. */
function begunOnce(run: StoredRun, audit: readonly StoredEntry[]): readonly Violation[] {
  const own = audit.filter((entry) => entry.run === run.id);
  const saidAgain = own.filter(
    ({ event, ruling, after }) => event === 'run.ruled' && ruling === 'do-it-again' && after === 'acting',
  ).length;
  return (run.plan?.items ?? []).flatMap(({ title, kind }, index): readonly Violation[] => {
    if (kind !== 'act') {
      return [];
    }
    const ofItem = own.filter(({ item }) => item === index);
    const begun = ofItem.filter(({ event }) => event === 'run.item.intended').length;
    const notDone = ofItem.filter(({ event }) => event === 'run.item.waiting').length;
    const attempts = run.items[index]?.attempts ?? 0;
    const once = (text: string): Violation => ({ rule: 'once', about: run.id, text });
    return [
      ...(begun > 1 + notDone + saidAgain
        ? [once(`“${title}” began ${begun} times, and was found not done ${notDone} times`)]
        : []),
      ...(begun === attempts
        ? []
        : [once(`“${title}” began ${begun} times by the audit and ${attempts} by the ledger`)]),
    ];
  });
}

/** Every end has a reason; every step of a run that is done has an end of its own. */
function explained(run: StoredRun): readonly Violation[] {
  if (activeStates.includes(run.state)) {
    return [{ rule: 'stuck', about: run.id, text: `it is ${run.state}, and nobody is there to move it` }];
  }
  const open = run.items.filter(({ state }) => !['applied', 'held', 'skipped'].includes(state));
  return [
    ...(run.state === 'done' || (run.because ?? '') !== ''
      ? []
      : [{ rule: 'explained' as const, about: run.id, text: `it is ${run.state}, and does not say why` }]),
    ...(run.state === 'done' && open.length > 0
      ? [{ rule: 'explained' as const, about: run.id, text: 'it is done, and some of its steps are not' }]
      : []),
  ];
}

interface Ordered {
  readonly run: StoredRun;
  readonly attempts: number;
  readonly startedAtMs: number;
}

/** The steps of all plans whose call fits. */
function stepsWith(
  runs: readonly StoredRun[],
  fits: (call: NonNullable<NonNullable<StoredRun['plan']>['items'][number]['call']>) => boolean,
): readonly Ordered[] {
  return runs.flatMap((run) =>
    (run.plan?.items ?? []).flatMap(({ call }, index) => {
      const { startedAtMs, attempts = 0 } = run.items[index] ?? {};
      return call === undefined || !fits(call) || startedAtMs === undefined || attempts === 0
        ? []
        : [{ run, attempts, startedAtMs }];
    }),
  );
}

/** No call reached a broker's door that no plan holds, and none more often than the ledger says. */
function callsOrdered({ passed, runs }: Evidence): readonly Violation[] {
  const byTarget = grouped(passed, ({ method, path }) => `${method} ${path.split('?')[0]}`);
  return [...byTarget].flatMap(([target, calls]): readonly Violation[] => {
    const [, , kind, ...parts] = target.split('/').map(decodeURIComponent);
    const name = parts.at(-1) ?? '';
    const steps = stepsWith(
      runs,
      ({ action, args }) =>
        args['name'] === name && action.startsWith(kind === 'queues' ? 'queue.' : 'connection.'),
    );
    const about = steps[0]?.run.id ?? name;
    const allowed = steps.reduce((sum, { attempts }) => sum + attempts, 0);
    const done = calls.filter(({ status = 0 }) => status >= 200 && status < 300).length;
    const firstMs = Math.min(...calls.map(({ atMs }) => atMs));
    return [
      ...(calls.length > allowed
        ? [once(about, `${target} was called ${calls.length} times; the ledger knows ${allowed}`)]
        : []),
      ...(done > 1 ? [once(about, `${target} was done ${done} times`)] : []),
      ...(steps.some(({ startedAtMs, attempts }) => startedAtMs <= firstMs || attempts > 1)
        ? []
        : [{ rule: 'approval' as const, about, text: `${target} was called before any plan had begun it` }]),
    ];
  });
}

const reading = new Set(['service.status', 'node.partition_handling']);

/** The same of what hosts were told. */
function operationsOrdered({ operations, runs }: Evidence): readonly Violation[] {
  const acting = operations.filter(({ operation }) => !reading.has(operation));
  const subjectOf = ({ node, service }: (typeof acting)[number]): string => node ?? service ?? '';
  const byTarget = grouped(acting, (entry) => `${entry.operation} ${subjectOf(entry)}`);
  return [...byTarget].flatMap(([target, entries]): readonly Violation[] => {
    const subject = target.split(' ')[1] ?? '';
    const steps = stepsWith(runs, ({ args }) => Object.values(args).includes(subject));
    const allowed = steps.reduce((sum, { attempts }) => sum + attempts, 0);
    return entries.length > allowed
      ? [
          once(
            steps[0]?.run.id ?? subject,
            `${target} was done ${entries.length} times; the ledger knows ${allowed}`,
          ),
        ]
      : [];
  });
}

const once = (about: string, text: string): Violation => ({ rule: 'once', about, text });
