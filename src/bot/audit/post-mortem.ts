import type { Evidence, Incident, Run } from '../../runbooks/index.ts';
import { redact } from '../process/redact.ts';
import type { RecordedEntry } from '../record/entry.ts';
import { howItEnded, whatItLeft } from '../wording/how-it-ended.ts';
import {
  type Names,
  nameOf,
  priority,
  sentence,
  span,
  utcMoment,
  withNames,
  withoutZone,
} from '../wording/words.ts';
import { followUps } from './follow-ups.ts';

/** Everything that is known about one incident. */
export interface PostMortemInput {
  readonly incident: Incident;
  /** What the runbook calls it, and what was last seen. */
  readonly title: string;
  readonly headline: string;
  /** Its treatments, the first one first. */
  readonly runs: readonly Run[];
  /** Its entries in the audit, the first one first. */
  readonly entries: readonly RecordedEntry[];
  /** Names of people where they are known; else their ids stand. */
  readonly names: Names;
}

/** The report of the morning after, in Markdown: what happened, who decided what, what was done, what it proves. */
export function postMortem(input: PostMortemInput): string {
  const { incident, title, runs } = input;
  const parts = [
    `# ${incident.id}: ${text(title)} on ${text(incident.cluster)}`,
    ...section('Summary', summary(input)),
    ...section('Times', times(input)),
    ...section('Timeline', timeline(input)),
    ...runs.flatMap((run) => aboutRun(run, input.names)),
    ...section(
      'Follow-ups',
      followUps(input).map((item) => `- [ ] ${text(item)}`),
    ),
  ];
  return redact(`${parts.join('\n\n')}\n`);
}

/** Without lines there is no heading either. */
const section = (heading: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`## ${heading}`, lines.join('\n')];

function summary({ incident, headline, runs, names }: PostMortemInput): readonly string[] {
  const owner = incident.owner === undefined ? 'not acknowledged' : nameOf(names, incident.owner);
  return [
    `- What: ${text(sentence(headline))}`,
    `- About: ${text(incident.subject)}`,
    `- Severity: ${priority[incident.severity]} (${incident.severity})`,
    `- Owner: ${text(owner)}`,
    `- End: ${text(incident.state === 'open' ? 'still open' : endOf(runs))}`,
  ];
}

function endOf(runs: readonly Run[]): string {
  const ended = howItEnded(runs);
  switch (ended.kind) {
    case 'repaired':
      return `repaired by ${ended.run.id}`;
    case 'touched':
      return `resolved, not repaired by Watership: ${whatItLeft(ended.run)}`;
    case 'untouched':
      return 'resolved without a repair by Watership';
  }
}

function times({ incident, runs }: PostMortemInput): readonly string[] {
  const { openedAtMs, acknowledgedAtMs, resolvedAtMs } = incident;
  const repair = runs.findLast(({ state }) => state === 'done');
  const votedAtMs = repair?.votes.at(-1)?.atMs;
  return [
    `- Detected: ${utcMoment(openedAtMs)}`,
    `- Time to acknowledge: ${acknowledgedAtMs === undefined ? 'not acknowledged' : span(acknowledgedAtMs - openedAtMs)}`,
    ...(repair?.plan === undefined || votedAtMs === undefined
      ? []
      : [`- From plan to last approval: ${span(votedAtMs - repair.plan.madeAtMs)}`]),
    ...(repair?.endedAtMs === undefined || votedAtMs === undefined
      ? []
      : [`- From last approval to verification: ${span(repair.endedAtMs - votedAtMs)}`]),
    resolvedAtMs === undefined
      ? '- Resolved: not yet'
      : `- Time to repair: ${span(resolvedAtMs - openedAtMs)}, until ${utcMoment(resolvedAtMs)}`,
  ];
}

function timeline({ entries, names }: PostMortemInput): readonly string[] {
  if (entries.length === 0) {
    return [];
  }
  const rows = entries.map(({ atMs, actor, run, before, after, sequence, text: what }) => {
    const change = before === undefined || before === after ? '' : ` (${before} → ${after ?? ''})`;
    return [
      withoutZone(utcMoment(atMs)),
      nameOf(names, actor),
      `${run === undefined ? '' : `${run}: `}${withNames(what, names)}${change}`,
      String(sequence),
    ];
  });
  return table(['When (UTC)', 'Who', 'What', 'Entry'], rows);
}

function aboutRun(run: Run, names: Names): readonly string[] {
  const because = run.because === undefined ? '' : ` ${sentence(withNames(run.because, names))}`;
  const by = `Requested by ${nameOf(names, run.requestedBy)} at ${utcMoment(run.startedAtMs)}.`;
  return [
    `## ${run.id}: ${run.state}`,
    text(`${by}${because}`),
    ...run.evidence.flatMap(evidenceOf),
    ...planOf(run),
    ...part('Votes', votesOf(run, names)),
    ...part('Steps', stepsOf(run)),
    ...part('Verification', verificationOf(run)),
  ];
}

const part = (heading: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`### ${heading}`, lines.join('\n')];

const evidenceOf = ({ title, lines }: Evidence): readonly string[] => [
  `### Evidence: ${text(title)}`,
  fenced(lines),
];

function planOf({ plan }: Run): readonly string[] {
  if (plan === undefined) {
    return [];
  }
  const items = plan.items.map((item, index) => {
    const detail =
      item.kind === 'act' ? `: ${item.describe}` : item.kind === 'manual' ? ' (by hand)' : ' (check)';
    return `${index + 1}. ${item.title}${detail}`;
  });
  const lost = plan.lost.length === 0 ? ['Nothing is lost.'] : plan.lost.map((line) => `Lost: ${line}`);
  return [
    '### Plan',
    `Hash \`${plan.hash}\`, tier ${plan.tier}, made at ${utcMoment(plan.madeAtMs)}.`,
    fenced([...items, ...lost, `Undo: ${plan.undo}`]),
  ];
}

const votesOf = ({ votes, plan }: Run, names: Names): readonly string[] =>
  votes.map(({ by, atMs, reason, planHash }) => {
    const other = planHash === plan?.hash ? '' : ' (for an earlier plan)';
    const why = reason === '' ? '' : `: “${reason}”`;
    return text(`- ${utcMoment(atMs)} ${nameOf(names, by)}${why}${other}`);
  });

function stepsOf({ items, plan }: Run): readonly string[] {
  if (plan === undefined || items.every(({ state }) => state === 'waiting')) {
    return [];
  }
  const rows = items.map(({ state, startedAtMs, endedAtMs, detail = '' }, index) => [
    `${index + 1}. ${plan.items[index]?.title ?? ''}`,
    state,
    startedAtMs === undefined ? '-' : withoutZone(utcMoment(startedAtMs)),
    startedAtMs === undefined || endedAtMs === undefined ? '-' : span(endedAtMs - startedAtMs),
    detail,
  ]);
  return table(['Step', 'State', 'Began (UTC)', 'Took', 'Seen'], rows);
}

function verificationOf({ items, plan }: Run): readonly string[] {
  return items.flatMap(({ state, detail }, index) => {
    const planned = plan?.items[index];
    if (planned?.kind !== 'verify' || state === 'waiting') {
      return [];
    }
    const seen = detail === undefined ? '' : `: ${detail}`;
    return [
      text(
        `- ${state === 'held' ? 'Passed' : state === 'failed' ? 'Did not pass' : state}: ${planned.title}${seen}`,
      ),
    ];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)];
}

const cell = (value: string): string => text(value).replaceAll('|', '\\|');

/** One line, and nothing in it that Markdown or HTML would take for markup. */
const text = (value: string): string =>
  // First: an escaped secret is not known as one.
  redact(value)
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/([`*[\]\\])/g, '\\$1');

/** Shown as it is. A fence is longer than any row of its sign within. */
function fenced(lines: readonly string[]): string {
  const body = lines.join('\n');
  const longest = Math.max(2, ...[...body.matchAll(/~+/g)].map(([signs]) => signs.length));
  const fence = '~'.repeat(longest + 1);
  return `${fence}\n${body}\n${fence}`;
}
