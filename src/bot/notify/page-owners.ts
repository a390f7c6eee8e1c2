import { reasonOf } from '../../rpc/index.ts';
import type { Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { entry } from '../record/run-record.ts';
import { openWebhook } from './webhook.ts';

/** A run waits for it, so it is less than other notices get. */
const SEND_MS = 3_000;
/** A page that arrived is not sent again; how long that is remembered. */
const REMEMBERED_MS = 86_400_000;

/**
 * Reports break-glass to the configured webhook, once. Slack's own message is part of the run's record and needs no help.
 * A page that cannot be sent holds up nothing: it is written down, and tried again with the next step.
 */
export async function pageOwners({ config, stores, clock, log }: BotContext, run: Run): Promise<void> {
  const webhook = config.notify?.webhook;
  const broken = run.votes.find(({ breakGlass }) => breakGlass === true);
  if (webhook === undefined || broken === undefined) {
    return;
  }
  if (!(await stores.once.first(`page:${run.id}`, REMEMBERED_MS))) {
    return;
  }
  const { by, reason, planHash, atMs } = broken;
  try {
    await openWebhook(webhook, { timeoutMs: SEND_MS }).send({
      text: `Watership: ${by} used break-glass to approve ${run.id} (${run.incident}) on ${run.cluster}: ${reason}`,
      kind: 'break-glass',
      ...{ cluster: run.cluster, incident: run.incident, run: run.id },
      ...{ by, reason, planHash, atMs },
    });
    await stores.audit.append(
      entry(run, 'glass.paged', 'The owners were paged through the webhook.', clock.now()),
    );
  } catch (error) {
    const why = `The owners could not be paged: ${reasonOf(error)}`;
    log.error({ run: run.id }, why);
    await stores.once.forget(`page:${run.id}`);
    const isFirst = await stores.once.first(`page-failed:${run.id}`, REMEMBERED_MS);
    if (isFirst) {
      await stores.audit.append(entry(run, 'glass.page_failed', why, clock.now()));
    }
  }
}
