/** Action ids and callback ids: other programs click by them. Never renamed. */
export const actionIds = {
  acknowledge: 'incident:ack',
  diagnose: 'incident:diagnose',
  review: 'incident:review',
  cancel: 'run:cancel',
  confirm: 'run:confirm',
  rule: 'run:rule',
  choose: 'approval:choice',
} as const;

export const approvalCallback = 'approval:submit';

/** Blocks and elements of the approval modal. Stand-ins show a block's id before what is wrong with it. */
export const approvalFields = {
  choice: { block: 'choice', action: actionIds.choose },
  typed: { block: 'cluster_name', action: 'value' },
  count: { block: 'count', action: 'value' },
  glass: { block: 'break_glass', action: 'value' },
  reason: { block: 'reason', action: 'value' },
} as const;

/** A button's value about a run: ids only, so that a click can only mean what the store holds. */
export interface RunReference {
  readonly run: string;
  /** The plan that was shown; a click on an older plan is recognised. */
  readonly planHash?: string;
  /** The item of the ledger that the button is about. */
  readonly item?: number;
  /** Which execution of the item was asked about. */
  readonly attempt?: number;
}

export function runValue({ run, planHash, item, attempt }: RunReference): string {
  return [run, planHash ?? '-', item, attempt].filter((part) => part !== undefined).join(' ');
}

export function parseRunValue(value: string): RunReference | undefined {
  const match = /^(\S+) (\S+)(?: (\d+)(?: (\d+))?)?$/.exec(value);
  const [, run, planHash, item, attempt] = match ?? [];
  return run === undefined
    ? undefined
    : {
        run,
        ...(planHash === undefined || planHash === '-' ? {} : { planHash }),
        ...(item === undefined ? {} : { item: Number(item) }),
        ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
      };
}
