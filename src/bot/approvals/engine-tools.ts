import type { EngineTools } from '../../runbooks/index.ts';
import type { BotContext, ClusterHandle } from '../context.ts';

/** Inputs of the engine about one cluster, now. */
export async function engineTools(
  { config, stores }: Pick<BotContext, 'config' | 'stores'>,
  { actions, config: { settings } }: Pick<ClusterHandle, 'actions' | 'config'>,
): Promise<EngineTools> {
  return {
    describe: (call) => actions.describe(call),
    planExpiresMs: config.people.planExpiresMs,
    limits: config.limits,
    deletedLastHour: await stores.deletions.lastHour(settings.name),
  };
}
