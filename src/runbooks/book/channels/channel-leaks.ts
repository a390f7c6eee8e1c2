import { z } from 'zod';
import { definite } from '../../definite.ts';
import type { Found } from '../../runbook.ts';
import type { ConnectionTrack } from '../../snapshot/history.ts';
import type { DetectionSettings, Observation } from '../../snapshot/observation.ts';
import { parseClientName } from '../../snapshot/owners.ts';
import type { ConnectionSeen } from '../../snapshot/snapshot.ts';
import { isHeldAbove, perMinute, spanOf, steadyGrowth } from '../../snapshot/trends.ts';

/** Detector of clients that open channels and do not close them, by the number of channels and by its growth. */

/** A client that has just connected opens its pool of channels; that is no leak. */
const SETTLING_MS = 60_000;

export const leakFacts = z.object({
  connection: z.string(),
  clientName: z.string().optional(),
  service: z.string().optional(),
  pid: z.number().optional(),
  peerHost: z.string().optional(),
  channels: z.number(),
  channelMax: z.number().optional(),
  perMinute: z.number().optional(),
  /** How long the samples span that `perMinute` was taken from. */
  overMs: z.number().optional(),
  why: z.enum(['level', 'growth', 'channel-max']),
  /** Channels below which the connections that replace it must stay. */
  warning: z.number(),
  connectedForMs: z.number().optional(),
});
export type LeakFacts = z.infer<typeof leakFacts>;

/** Connections with too many channels, or with more and more of them. */
export function channelLeaks({ snapshot, history, settings }: Observation): readonly Found<LeakFacts>[] {
  const { detection } = settings;
  return snapshot.connections.rows.flatMap((connection) => {
    const { channels } = connection;
    // No count is not a count of none.
    if (channels === undefined) {
      return [];
    }
    const track = history.connections[connection.name];
    const why = whyLeaking(connection, channels, track, snapshot.takenAtMs, detection);
    if (why === undefined) {
      return [];
    }
    const samples = track?.channels ?? [];
    const growth = perMinute(samples);
    const { clientName, peerHost, channelMax, connectedAtMs } = connection;
    const leak: LeakFacts = {
      connection: connection.name,
      channels,
      why,
      warning: detection.channelsWarning,
      ...(clientName === undefined ? {} : { clientName, ...parseClientName(clientName) }),
      ...definite({ peerHost, channelMax }),
      ...(growth === undefined || growth === 0 ? {} : { perMinute: growth, overMs: spanOf(samples) }),
      ...(connectedAtMs === undefined ? {} : { connectedForMs: snapshot.takenAtMs - connectedAtMs }),
    };
    return [
      {
        key: `connection:${connection.name}`,
        subject: nameOfLeak(leak),
        severity: isHeldAbove(detection.channelsCritical, channels, samples)
          ? ('critical' as const)
          : ('warning' as const),
        facts: leak,
      },
    ];
  });
}

function whyLeaking(
  connection: ConnectionSeen,
  channels: number,
  track: ConnectionTrack | undefined,
  nowMs: number,
  detection: DetectionSettings,
): LeakFacts['why'] | undefined {
  if (channels >= detection.channelsWarning) {
    return 'level';
  }
  // 0 means no limit was negotiated.
  const { channelMax = 0, connectedAtMs } = connection;
  if (channelMax > 0 && channels * 2 >= channelMax && channels > 1) {
    return 'channel-max';
  }
  const samples = (track?.channels ?? []).filter(
    ([atMs]) => connectedAtMs === undefined || atMs >= connectedAtMs + SETTLING_MS,
  );
  const gained = steadyGrowth(samples.filter(([atMs]) => atMs <= nowMs));
  return gained !== undefined && gained >= detection.channelsGrowth ? 'growth' : undefined;
}

/** Name of the client for people: service and process where the client gives them. */
export function nameOfLeak({
  service,
  pid,
  connection,
}: Pick<LeakFacts, 'service' | 'pid' | 'connection'>): string {
  if (service === undefined || service === '') {
    return connection;
  }
  return pid === undefined ? service : `${service}:${pid}`;
}
