import { parseDuration } from '../config/schema/duration.ts';
import { span } from '../wording/words.ts';
import { maintenanceOf } from './maintenance-window.ts';
import { actorOf, type Caller, type CallerAnswer } from './rules/caller.ts';
import type { Transitions } from './transitions.ts';

const LONGEST_MS = 24 * 3_600_000;

/** Announces planned work on a cluster, or its end. Approvers may: it makes alerts quiet. */
export async function announce(
  transitions: Transitions,
  cluster: string | undefined,
  duration: string | undefined,
  caller: Caller,
): Promise<CallerAnswer> {
  const { clusters, stores, clock } = transitions.context;
  if (cluster === undefined || !clusters.has(cluster)) {
    const known = [...clusters.keys()].join(', ');
    return { text: `For which cluster? Known clusters: ${known}.`, refused: true };
  }
  if (duration === undefined) {
    const now = await maintenanceOf(transitions.context, cluster);
    return {
      text:
        now === undefined
          ? `${cluster} is not under maintenance. To announce two hours: /rabbit maintenance ${cluster} 2h`
          : `${cluster} is under maintenance for ${span(now.untilMs - clock.now())} more. To end it: /rabbit maintenance ${cluster} end`,
    };
  }
  const decision = await transitions.allow({ kind: 'maintenance' }, caller, { cluster });
  if (!decision.allowed) {
    return { text: decision.because, refused: true };
  }
  const audit = async (event: 'maintenance.begun' | 'maintenance.ended', text: string): Promise<void> =>
    await stores.audit.append({ atMs: clock.now(), actor: actorOf(caller), event, cluster, text });
  if (duration === 'end') {
    if ((await stores.maintenance.get(cluster)) === undefined) {
      const calendar = await maintenanceOf(transitions.context, cluster);
      return {
        text:
          calendar === undefined
            ? `${cluster} is not under maintenance, so there is nothing to end.`
            : `The maintenance of ${cluster} is set in the configuration and ends by itself in ${span(calendar.untilMs - clock.now())}. Nobody announced any other.`,
        refused: true,
      };
    }
    await stores.maintenance.end(cluster);
    await audit('maintenance.ended', `maintenance of ${cluster} ended`);
    const planned = await maintenanceOf(transitions.context, cluster);
    return {
      text:
        planned === undefined
          ? `The maintenance of ${cluster} is over. Alerts are posted with notification again.`
          : `The announced maintenance of ${cluster} is over; the one set in the configuration lasts ${span(planned.untilMs - clock.now())} more.`,
    };
  }
  const ms = parseDuration(duration);
  if (ms === undefined || ms <= 0 || ms > LONGEST_MS) {
    return {
      text: `For how long? “${duration}” is not a duration up to 24h. Write one such as 30m or 2h.`,
      refused: true,
    };
  }
  await stores.maintenance.begin(cluster, { by: caller.user, untilMs: clock.now() + ms });
  await audit('maintenance.begun', `maintenance of ${cluster} for ${span(ms)}`);
  return {
    text: `${cluster} is under maintenance for ${span(ms)}. Alerts are posted without notification and no repair is proposed; commands still work.`,
  };
}
