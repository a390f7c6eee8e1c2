import type { ManagementApi } from '../../rpc/index.ts';
import { nearest } from '../config/file/nearest.ts';

/** Whoever wants to listen does not wait longer than this for a list of exchanges. */
const LIMIT_MS = 3_000;
const NAMED = 10;

/**
 * That an exchange is not there, and which are; undefined when it is there, or when no node could be asked. Nothing is
 * declared by it.
 */
export async function missingExchange(
  management: readonly Pick<ManagementApi, 'exchanges'>[],
  vhost: string,
  exchange: string,
): Promise<string | undefined> {
  const asked = management.map((api) => api.exchanges({ timeoutMs: LIMIT_MS }));
  const all = await Promise.any(asked).catch(() => undefined);
  if (all === undefined) {
    return undefined;
  }
  const names = all.flatMap((row) => (row.vhost === vhost && row.name !== '' ? [row.name] : []));
  return names.includes(exchange) ? undefined : noExchange(exchange, vhost, names);
}

/** The same from what the broker says to a tap, where there is no list to look into. */
export function missingByAnswer(said: string): string | undefined {
  const [, exchange, vhost] = /no exchange '(.*?)' in vhost '(.*?)'/.exec(said) ?? [];
  return exchange === undefined || vhost === undefined
    ? undefined
    : `${noExchange(exchange, vhost, [])} rabbitmqctl list_exchanges -p ${vhost} lists the exchanges.`;
}

function noExchange(exchange: string, vhost: string, names: readonly string[]): string {
  // Those of the broker, and those that services make for themselves, carry nothing that anybody looks for.
  const spoken = names.filter((name) => !/^amq\.|_fanout|^reply_/.test(name)).toSorted();
  const near = nearest(exchange, spoken);
  const shown = near === undefined ? spoken : [near, ...spoken.filter((name) => name !== near)];
  const more = shown.length > NAMED ? ` and ${shown.length - NAMED} more` : '';
  const there = shown.length === 0 ? '' : ` Known exchanges: ${shown.slice(0, NAMED).join(', ')}${more}.`;
  return `No exchange named “${exchange}” on vhost ${vhost}.${there}`;
}
