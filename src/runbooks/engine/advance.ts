import { reasonOf } from '../../rpc/index.ts';
import type { Run } from '../run.ts';
import type { Runbook } from '../runbook.ts';
import { acted, confirm, intend, rule, settle } from './acting/act.ts';
import { checkItem } from './acting/check-item.ts';
import { recheck } from './acting/clearance.ts';
import { currentOf } from './acting/ledger.ts';
import { effectsOf } from './common/effects.ts';
import { end, endCancelled, isActive } from './common/ending.ts';
import type { InputOf, RunInput } from './common/input.ts';
import type { EngineTools } from './common/tools.ts';
import { check, chooseAgain, diagnose } from './diagnose.ts';

/**
 * The run after an input. Pure: the same value and the same input give the same run.
 *
 * An input that does not fit leaves the run as it is: the very same object comes back. A caller that wrote `intended` and
 * got the same object back must not act. Every other result has `version` one higher.
 */
export function advance(runbook: Runbook, run: Run, input: RunInput, tools: EngineTools): Run {
  if (!isActive(run)) {
    return run;
  }
  const next = takeSafely(runbook, run, input, tools);
  return next === run ? run : { ...next, version: run.version + 1 };
}

/** A step of the book that throws must not leave a run that is tried for ever: it fails, and people read why. */
function takeSafely(runbook: Runbook, run: Run, input: RunInput, tools: EngineTools): Run {
  try {
    return take(runbook, run, input, tools);
  } catch (error) {
    const message = reasonOf(error);
    const atMs = input.kind === 'voted' ? input.vote.atMs : input.atMs;
    const because = `The runbook "${runbook.title}" has a fault: ${message}`;
    return end(run, { state: 'failed', endedBy: { kind: 'runbook-fault' }, because }, atMs);
  }
}

function take(runbook: Runbook, run: Run, input: RunInput, tools: EngineTools): Run {
  switch (input.kind) {
    case 'looked':
      return looked(runbook, run, input, tools);
    case 'chose':
      return run.state === 'proposed'
        ? (expired(run, input.atMs) ?? chooseAgain(runbook, run, input, tools))
        : run;
    case 'voted':
      return run.state === 'proposed' ? (expired(run, input.vote.atMs) ?? vote(run, input)) : run;
    case 'ticked':
      return expired(run, input.atMs) ?? run;
    case 'waited':
      return recheck(run, input.atMs);
    case 'overtaken':
      return overtake(run, input);
    case 'approvalLost':
      return dropApproval(run, input);
    case 'cancelled':
      return cancel(run, input);
    case 'intended':
      return run.state === 'acting' ? intend(runbook, run, input) : run;
    case 'acted':
      return run.state === 'acting' ? acted(run, input) : run;
    case 'settled':
      return run.state === 'acting' ? settle(run, input) : run;
    case 'confirmed':
      return run.state === 'acting' ? confirm(run, input) : run;
    case 'ruled':
      return run.state === 'unknown' ? rule(run, input) : run;
  }
}

function looked(runbook: Runbook, run: Run, input: InputOf<'looked'>, tools: EngineTools): Run {
  switch (run.state) {
    case 'diagnosing':
      return diagnose(runbook, run, input, tools);
    case 'checking':
      return check(runbook, run, input, tools);
    case 'acting':
      return checkItem(runbook, run, input);
    default:
      return run;
  }
}

function expired(run: Run, atMs: number): Run | undefined {
  return run.state === 'proposed' && run.plan !== undefined && atMs >= run.plan.expiresAtMs
    ? end(
        run,
        {
          state: 'expired',
          endedBy: { kind: 'timeout' },
          because: 'Nobody approved it in time. Nothing was done.',
        },
        atMs,
      )
    : undefined;
}

function vote(run: Run, { vote: cast, isEnough }: InputOf<'voted'>): Run {
  if (cast.planHash !== run.plan?.hash) {
    return run;
  }
  // A vote counts once. A person who has cast an ordinary one may still use break-glass.
  const earlier = run.votes.find(({ by }) => by === cast.by);
  if (earlier !== undefined && (earlier.breakGlass === true || cast.breakGlass !== true)) {
    return run;
  }
  const voted = { ...run, votes: [...run.votes.filter((one) => one !== earlier), cast] };
  // What was known when the plan was made does not count for the check: every question is asked again.
  const { againAtMs: _diagnosed, because: _older, ...asked } = voted;
  return isEnough ? { ...asked, state: 'checking', answered: {} } : voted;
}

function overtake(run: Run, input: InputOf<'overtaken'>): Run {
  const { because, atMs } = input;
  const endedBy = { kind: 'overtaken' } as const;
  switch (run.state) {
    case 'diagnosing':
      return end(run, { state: 'stopped', endedBy, because }, atMs);
    case 'proposed':
    case 'checking':
      return end(run, { state: 'superseded', endedBy, because }, atMs);
    default:
      // From the first action on the trouble is expected to change: the run's own verify steps judge it.
      return run;
  }
}

/** The run when its votes are no longer enough: asked when it would act, before anything is begun. */
function dropApproval(run: Run, input: InputOf<'approvalLost'>): Run {
  const { atMs } = input;
  const endedBy = { kind: 'approval-lost', voters: input.voters } as const;
  const stopped = { state: 'stopped', endedBy, because: `${input.because} Nothing was done.` } as const;
  if (run.state === 'checking') {
    return end(run, stopped, atMs);
  }
  if (run.state !== 'acting' || currentOf(run)?.item.state !== 'waiting') {
    return run;
  }
  const effects = effectsOf(run);
  if (effects.length === 0) {
    return end(run, stopped, atMs);
  }
  const because = `${input.because} Already done: ${effects.join('; ')}.`;
  return end(run, { state: 'failed', endedBy, because }, atMs);
}

function cancel(run: Run, input: InputOf<'cancelled'>): Run {
  const { by, atMs } = input;
  if (run.state === 'unknown') {
    return run;
  }
  // What is running cannot be called back: the wish is kept, and holds once it is known what came of it.
  if (run.state === 'acting' && currentOf(run)?.item.state === 'intended') {
    return run.stopWanted === undefined ? { ...run, stopWanted: { by, atMs } } : run;
  }
  return endCancelled(run, by, atMs);
}
