import { haltRepairs, resumeRepairs } from '../approvals/halts.ts';
import { type CommonOptions, type Console, exitCodes, noCluster, printJson } from './common/console.ts';
import { readConfig } from './common/read-config.ts';
import { withApprovals } from './common/with-approvals.ts';

/** `watership halt [cluster]` and `resume`: the switch that every action asks first. Anybody halts; an approver resumes. */
export const haltCommand =
  (verb: 'halt' | 'resume') =>
  async (console: Console, options: CommonOptions, [cluster]: readonly string[]): Promise<number> => {
    const config = readConfig(console, options);
    if (config === undefined) {
      return exitCodes.critical;
    }
    if (cluster !== undefined && !config.clusters.some(({ settings }) => settings.name === cluster)) {
      console.err(`${noCluster(cluster, config)}\n`);
      return exitCodes.unknown;
    }
    const turn = verb === 'halt' ? haltRepairs : resumeRepairs;
    const answer = await withApprovals(config, (transitions, caller) => turn(transitions, cluster, caller));
    if (options.json) {
      printJson(console, { text: answer.text, refused: answer.refused === true });
    } else if (answer.refused === true) {
      console.err(`${answer.text}\n`);
    } else {
      console.out(`${answer.text}\n`);
    }
    return answer.refused === true ? exitCodes.critical : exitCodes.ok;
  };
