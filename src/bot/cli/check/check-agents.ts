import { type AgentFacts, agentFactsSchema, type HostExecutor, presets } from '../../../runbooks/index.ts';
import type { HostConfig } from '../../config/config.ts';
import { bad, CHECK_LIMIT_MS, type CheckVerdict, ok, warning } from '../../ports/check-line.ts';
import { span } from '../../wording/words.ts';

/** Clocks of machines that keep the time agree within this; more than five seconds ahead is refused. */
const SKEW_MS = 1_000;

/** Check of an agent: whether it answers, how its clock differs, and what it would do. Asks for facts only. */
export async function checkAgent(name: string, host: HostConfig, hosts: HostExecutor): Promise<CheckVerdict> {
  const askedAtMs = Date.now();
  const request = { host: name, operation: 'host.facts', args: {} } as const;
  const answer = await hosts.run(request, { timeoutMs: CHECK_LIMIT_MS });
  const tookMs = Date.now() - askedAtMs;
  if (answer.kind === 'failed') {
    return bad(answer.output);
  }
  if (answer.kind !== 'done') {
    return bad(answer.because);
  }
  const facts = readFacts(answer.output);
  if (facts === undefined) {
    return bad('the agent answers, but its facts cannot be read: check that it runs this version');
  }
  const skewMs = facts.clockMs - askedAtMs - tookMs / 2;
  const told = `the agent answers in ${span(Math.max(1, tookMs))}; ${tellAllowed(facts.allow)}`;
  const troubles = [
    ...(Math.abs(skewMs) > SKEW_MS + tookMs / 2 ? [tellSkew(skewMs)] : []),
    ...otherCommands(host, facts),
  ];
  return troubles.length === 0 ? ok(told) : warning(`${told}; but ${troubles.join('; ')}`);
}

function readFacts(output: string): AgentFacts | undefined {
  try {
    return agentFactsSchema.safeParse(JSON.parse(output)).data;
  } catch {
    return undefined;
  }
}

const tellSkew = (skewMs: number): string =>
  `its clock is ${span(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}: run NTP on both`;

function tellAllowed({ restart, status, read }: AgentFacts['allow']): string {
  const may = [
    ...(restart.length > 0 ? [`restarts ${restart.join(', ')}`] : []),
    ...(status.length > 0 ? [`checks ${status.join(', ')}`] : []),
    ...(read.length > 0 ? [`reads ${read.join(', ')}`] : []),
  ];
  return may.length === 0 ? 'it may do nothing: set allow in its agent.yaml' : `it ${may.join('; ')}`;
}

/** The plan shows the bot's command, and the agent runs its own only if it is the same. */
function otherCommands(
  { preset, operations }: HostConfig,
  { commands, allow }: AgentFacts,
): readonly string[] {
  const own: Readonly<Record<string, readonly string[]>> = { ...presets[preset], ...operations };
  const used = [
    ...(allow.restart.length > 0 ? ['service.restart'] : []),
    ...(allow.restart.length + allow.status.length > 0 ? ['service.status'] : []),
  ];
  return used
    .filter((operation) => JSON.stringify(own[operation]) !== JSON.stringify(commands[operation]))
    .map(
      (operation) =>
        `${operation} is ${JSON.stringify(own[operation] ?? [])} here and ` +
        `${JSON.stringify(commands[operation] ?? [])} there, so the agent would refuse it`,
    );
}
