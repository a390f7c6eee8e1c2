import type { BotContext } from '../context.ts';
import type { People, Principal } from '../ports/people.ts';
import type { Surface } from './rules/authorize.ts';
import type { Caller } from './rules/caller.ts';

/** Person and surface of one click, as the rules want them. Looked up once, however often the run is read again. */
export interface Rights {
  readonly principal: Principal;
  /** The surface, as it stands to a cluster: a message counts in that cluster's channel alone. */
  surfaceAt(cluster: string): Surface;
}

/** Asks who the caller is, and who reads along where they click, at the same time. */
export async function rightsOf(
  { config, clusters }: Pick<BotContext, 'config' | 'clusters'>,
  people: People,
  { surface, ...who }: Caller,
): Promise<Rights> {
  if (surface.kind !== 'channel') {
    const terminal = surface.kind === 'terminal' ? { terminal: surface.name } : {};
    return { principal: await people.principal({ ...who, ...terminal }), surfaceAt: () => surface };
  }
  const { channel } = surface;
  const [principal, sharing] = await Promise.all([people.principal(who), surface.sharing]);
  return {
    principal,
    surfaceAt: (cluster) => ({
      kind: 'channel',
      channel,
      sharing,
      expected: clusters.get(cluster)?.config.channel ?? config.slack.channel,
    }),
  };
}
