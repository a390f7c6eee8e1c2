import { definite } from '../../rpc/index.ts';
import {
  isActive,
  leftBehind,
  leftStopped,
  type Run,
  type RunInput,
  whatItDid,
} from '../../runbooks/index.ts';
import type { AuditEvent } from '../record/audit-events.ts';
import { staysStopped } from '../wording/how-it-ended.ts';
import { isStopping, standing } from './plans.ts';
import type { Permission } from './rules/authorize.ts';
import type { Caller, CallerAnswer } from './rules/caller.ts';
import type { ChangeRecord, Transitions } from './transitions.ts';

export type Ruling = Extract<RunInput, { kind: 'ruled' }>['ruling'];

export interface PressedRun {
  readonly run: string;
  readonly planHash?: string;
  readonly item?: number;
  readonly attempt?: number;
}

/** Withdraws a plan, or stops a run: at once, or as soon as the step that is running is over. */
export async function cancel(
  transitions: Transitions,
  { run: id }: PressedRun,
  caller: Caller,
): Promise<CallerAnswer> {
  // To stop is right whichever plan was shown.
  const ask = ({ requestedBy }: Run): Permission => ({ kind: 'cancel', requestedBy });
  return await press(transitions, { run: id }, caller, ask, (by, atMs) => ({
    input: { kind: 'cancelled', by, atMs },
    tell: (next, name) => (next.state === 'cancelled' ? cancelledStory(next, name) : wantedStory(next, name)),
    done: (next) =>
      next.state === 'cancelled'
        ? sentences(`${id} is cancelled${whatItDid(next)}`, leftBehind(next))
        : sentences(
            `Noted: ${id} stops after step ${runningStep(next)}, which is running and cannot be cancelled. No further step starts.`,
            staysStopped(next),
          ),
  }));
}

/** A person has done the step by hand. */
export async function confirmStep(
  transitions: Transitions,
  on: PressedRun,
  caller: Caller,
): Promise<CallerAnswer> {
  const { item = -1 } = on;
  return await press(
    transitions,
    on,
    caller,
    () => ({ kind: 'confirm' }),
    (by, atMs) => ({
      input: { kind: 'confirmed', index: item, by, atMs },
      tell: (_, name) => ({ event: 'run.confirmed', text: `${name} did step ${item + 1} by hand.` }),
      done: () => 'Thank you. The run continues.',
    }),
  );
}

/** A person says what became of an interrupted step. */
export async function settleByPerson(
  transitions: Transitions,
  on: PressedRun,
  ruling: Ruling,
  caller: Caller,
): Promise<CallerAnswer> {
  const { item = -1, attempt } = on;
  const words = (next: Run): string =>
    ({
      'it-happened': 'it ran',
      'do-it-again': `it did not run${next.stopWanted === undefined ? ', do it again' : ''}`,
      'give-up': 'give up',
    })[ruling];
  return await press(
    transitions,
    on,
    caller,
    () => ({ kind: 'rule' }),
    (by, atMs) => ({
      input: { kind: 'ruled', index: item, ruling, by, atMs, ...definite({ attempt }) },
      tell: (next, name) => ({
        event: 'run.ruled',
        text: sentences(
          `${name} says of step ${item + 1}: ${words(next)}.`,
          next.state === 'cancelled' ? `${next.id} stops, because somebody asked it to.` : undefined,
          isActive(next) ? undefined : leftBehind(next),
        ),
        isLoud: !isActive(next) && leftStopped(next).length > 0,
        ruling,
      }),
      done: (next) => `Recorded: ${words(next)}.`,
    }),
  );
}

const sentences = (...said: readonly (string | undefined)[]): string =>
  said.filter((one) => one !== undefined).join(' ');

const cancelledStory = (next: Run, name: string): Told => ({
  event: 'run.cancelled',
  text: sentences(`${name} cancelled ${next.id}${whatItDid(next)}`, leftBehind(next)),
  // A node that stands still because of us is for everybody to hear.
  isLoud: leftStopped(next).length > 0,
});

const wantedStory = (next: Run, name: string): Told => ({
  event: 'run.stop_wanted',
  text: sentences(`${name} asked ${next.id} to stop after step ${runningStep(next)}.`, staysStopped(next)),
});

const runningStep = ({ items }: Run): number => items.findIndex(({ state }) => state === 'intended') + 1;

interface Press {
  readonly input: RunInput;
  /** What the audit (by id) and the thread (by name) say of it. */
  readonly tell: (next: Run, name: string) => Told;
  /** The private answer. */
  readonly done: (next: Run) => string;
}

interface Told {
  readonly event: AuditEvent;
  readonly text: string;
  /** For the whole channel. */
  readonly isLoud?: boolean;
  readonly ruling?: Ruling;
}

const OTHER_PLAN =
  'That button belongs to another plan. The newest message in the thread has the current buttons.';

async function press(
  transitions: Transitions,
  { run: id, planHash }: PressedRun,
  caller: Caller,
  permission: (run: Run) => Permission,
  make: (by: string, atMs: number) => Press,
): Promise<CallerAnswer> {
  const { people, context } = transitions;
  const { clock } = context;
  const { input, tell, done } = make(caller.user, clock.now());
  const applied = await transitions.applyToRun<CallerAnswer>(id, {
    caller,
    permission,
    change: async ({ plan }) => {
      if (planHash !== undefined && planHash !== plan?.hash) {
        return { kind: 'answer', answer: { text: OTHER_PLAN, refused: true } };
      }
      const name = (await people.names([caller.user])).get(caller.user) ?? caller.user;
      const record = (next: Run): ChangeRecord => {
        const { event, text, ruling } = tell(next, caller.user);
        const told = tell(next, name);
        return {
          actor: caller.user,
          event,
          text,
          people: [caller.user],
          ...definite({ ruling }),
          ...(told.isLoud === true ? { loud: { text: told.text, mentions: [] } } : { lines: [told.text] }),
        };
      };
      return { kind: 'apply', input, record };
    },
  });
  switch (applied.kind) {
    case 'refused':
    case 'answer':
      return applied.answer;
    case 'unchanged': {
      const { run } = applied;
      const text = standing(run, clock.now());
      const { kind } = permission(run);
      if (kind === 'cancel' && isStopping(run)) {
        return { text };
      }
      await transitions.refuse(kind, 'too-late', caller, { run });
      return { text, refused: true };
    }
    case 'stored':
      return { text: done(applied.run) };
  }
}
