import { definite } from '../../../rpc/index.ts';
import type { Run } from '../../../runbooks/index.ts';
import type { Button } from '../../ports/slack-blocks.ts';
import { staysStopped } from '../../wording/how-it-ended.ts';
import { asking, button } from '../message/blocks.ts';
import { currentItemOf } from '../message/current-item.ts';
import { actionIds, runValue } from '../message/ids.ts';

/** Buttons for what a person may do with the run as it stands. */
export function runButtons(run: Run): Button[][] {
  const value = (item?: number): string => {
    const attempt = item === undefined ? undefined : run.items[item]?.attempts;
    return runValue({
      run: run.id,
      ...definite({ planHash: run.plan?.hash, item, attempt }),
    });
  };
  switch (run.state) {
    case 'proposed':
      return [
        [
          button(actionIds.review, 'Review fix', run.incident, 'primary'),
          button(actionIds.cancel, 'Withdraw the plan', value()),
        ],
      ];
    case 'diagnosing':
    case 'checking':
      return [[button(actionIds.cancel, 'Cancel', value())]];
    case 'acting': {
      const turn = currentItemOf(run);
      const isByHand = run.plan?.items[turn]?.kind === 'manual';
      return [
        [
          ...(isByHand ? [button(actionIds.confirm, 'I have done it', value(turn), 'primary')] : []),
          ...(run.stopWanted === undefined ? [stopButton(run, value())] : []),
        ],
      ].filter((row) => row.length > 0);
    }
    case 'unknown': {
      const index = run.items.findIndex((item) => item.state === 'unknown');
      const goesOn = run.stopWanted === undefined;
      return [
        [
          button(`${actionIds.rule}:it-happened`, `It ran: ${goesOn ? 'continue' : 'stop'}`, value(index)),
          button(
            `${actionIds.rule}:do-it-again`,
            `It did not run: ${goesOn ? 'do it again' : 'stop'}`,
            value(index),
          ),
          button(`${actionIds.rule}:give-up`, 'Give up', value(index)),
        ],
      ];
    }
    case 'done':
    case 'failed':
    case 'stopped':
    case 'expired':
    case 'cancelled':
    case 'superseded':
      return [];
  }
}

/** Ends it here, or after the action that is running; asks first where a node would stay stopped. */
function stopButton(run: Run, value: string): Button {
  const isRunning = run.items[currentItemOf(run)]?.state === 'intended';
  const label = isRunning ? 'Stop after this step' : 'Stop here';
  const stop = button(actionIds.cancel, label, value);
  const left = staysStopped(run);
  return left === undefined
    ? stop
    : asking(stop, { title: 'Leave it stopped?', text: left, yes: label, no: 'Let it continue' });
}
