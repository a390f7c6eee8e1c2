import { userInfo } from 'node:os';
import { type CommonOptions, type Console, exitCodes, readConfig } from './console.ts';
import { withStores } from './stores.ts';

/** `watership halt [cluster]` and `resume`: the switch that every action asks first. */
export const haltCommand =
  (verb: 'halt' | 'resume') =>
  async (console: Console, options: CommonOptions, [cluster]: readonly string[]): Promise<number> => {
    const config = readConfig(console, options);
    if (config === undefined) return exitCodes.critical;
    const known = config.clusters.map(({ settings }) => settings.name);
    if (cluster !== undefined && !known.includes(cluster)) {
      console.err(`There is no cluster ${cluster}; there are ${known.join(', ')}\n`);
      return exitCodes.unknown;
    }
    const by = `cli:${userInfo().username}`;
    const what = cluster ?? 'every cluster';
    await withStores(config, async ({ halts, audit }) => {
      await halts[verb](cluster, by);
      await audit.append({
        atMs: Date.now(),
        actor: by,
        event: `cluster.${verb}`,
        before: verb === 'halt' ? 'going' : 'halted',
        after: verb === 'halt' ? 'halted' : 'going',
        surface: 'cli',
        ...(cluster === undefined ? {} : { cluster }),
        text:
          verb === 'halt'
            ? `Nothing is done to ${what} until it is resumed.`
            : `${what} may be acted on again.`,
      });
    });
    console.out(
      verb === 'halt' ? `Halted: ${what}. Nothing is done until it is resumed.\n` : `Resumed: ${what}.\n`,
    );
    return exitCodes.ok;
  };
