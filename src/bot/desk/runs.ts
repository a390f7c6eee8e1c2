import type { RunInput } from '../../runbooks/index.ts';
import type { Answer, Click } from './answer.ts';
import type { Counter } from './counter.ts';
import type { Ask } from './decide.ts';
import { standing } from './plans.ts';

export type Ruling = Extract<RunInput, { kind: 'ruled' }>['ruling'];

export interface RunClick {
  readonly run: string;
  readonly planHash?: string;
  readonly item?: number;
}

/** Withdraws a plan, or stops a run after the step that is under way. */
export async function cancel(counter: Counter, { run: id }: RunClick, click: Click): Promise<Answer> {
  const run = await counter.context.stores.runs.get(id);
  const requestedBy = run?.requestedBy ?? '';
  return await press(counter, id, click, { kind: 'cancel', requestedBy }, (by, atMs) => ({
    input: { kind: 'cancelled', by, atMs },
    event: 'run.cancelled',
    done: `${id} is cancelled.`,
    line: (name) => `${name} cancelled ${id}.`,
  }));
}

/** A person has done the step by hand. */
export async function confirm(counter: Counter, { run, item = -1 }: RunClick, click: Click): Promise<Answer> {
  return await press(counter, run, click, { kind: 'confirm' }, (by, atMs) => ({
    input: { kind: 'confirmed', index: item, by, atMs },
    event: 'run.confirmed',
    done: 'Thank you. It goes on.',
    line: (name) => `${name} did step ${item + 1} by hand.`,
  }));
}

/** A person says what became of an interrupted step. */
export async function rule(
  counter: Counter,
  { run, item = -1 }: RunClick,
  ruling: Ruling,
  click: Click,
): Promise<Answer> {
  const words: Readonly<Record<Ruling, string>> = {
    'it-happened': 'it has happened',
    'do-it-again': 'it has not happened, do it again',
    'give-up': 'give up',
  };
  return await press(counter, run, click, { kind: 'rule' }, (by, atMs) => ({
    input: { kind: 'ruled', index: item, ruling, by, atMs },
    event: 'run.ruled',
    done: `Recorded: ${words[ruling]}.`,
    line: (name) => `${name} says of step ${item + 1}: ${words[ruling]}.`,
  }));
}

interface Press {
  readonly input: RunInput;
  readonly event: string;
  readonly done: string;
  readonly line: (name: string) => string;
}

async function press(
  counter: Counter,
  id: string,
  click: Click,
  ask: Ask,
  make: (by: string, atMs: number) => Press,
): Promise<Answer> {
  const { stores, clock } = counter.context;
  const run = await stores.runs.get(id);
  if (run === undefined) {
    return { text: `I do not know ${id} any more.`, refused: true };
  }
  const about = { cluster: run.cluster, incident: run.incident, run: id };
  const decision = await counter.allow(ask, click, about);
  if (!decision.allowed) {
    return { text: decision.because, refused: true };
  }
  const name = (await counter.people.names([click.user])).get(click.user) ?? click.user;
  const { input, event, done, line } = make(click.user, clock.now());
  const changed = await counter.changeRun(id, () => ({
    kind: 'advance',
    input,
    story: () => ({ actor: click.user, event, text: line(click.user), lines: [line(name)] }),
  }));
  switch (changed.kind) {
    case 'answer':
      return changed.answer;
    case 'unchanged':
      await counter.refuse(ask.kind, 'too-late', click, about);
      return { text: standing(changed.value, clock.now()), refused: true };
    case 'stored':
      return { text: done };
  }
}
