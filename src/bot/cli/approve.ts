import type { Plan, Run } from '../../runbooks/index.ts';
import { standing, tallyOf } from '../approvals/plans.ts';
import { rightsOf } from '../approvals/rights.ts';
import { isBreakGlassOffered } from '../approvals/rules/authorize.ts';
import { breakGlassPhrase, confirmationOf, isReasonNeeded } from '../approvals/rules/confirmation.ts';
import { submitVote, type Voted } from '../approvals/submit-vote.ts';
import type { Transitions } from '../approvals/transitions.ts';
import { type Names, nameOf, tierWords, utcMoment, whoMustApprove } from '../wording/words.ts';
import { type CommonOptions, type Console, exitCodes, printable, printJson } from './common/console.ts';
import { readConfig } from './common/read-config.ts';
import { withApprovals } from './common/with-approvals.ts';

interface ApproveOptions extends CommonOptions {
  readonly plan?: string;
  readonly typed?: string;
  readonly reason?: string;
  readonly breakGlass?: string;
}

/** Fewer characters of a hash could mean another plan. */
const SHORTEST_HASH = 12;

/** `watership approve <run>`: shows the plan; with `--plan <hash>` it is one vote for exactly that plan. */
export async function approveCommand(
  console: Console,
  options: ApproveOptions,
  [id = '']: readonly string[],
): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  return await withApprovals(config, async (transitions, caller) => {
    const { stores, clock } = transitions.context;
    const run = await stores.runs.get(id.toUpperCase());
    if (run === undefined) {
      console.err(`No record of ${id}. Runs are kept for 90 days.\n`);
      return exitCodes.unknown;
    }
    const { plan } = run;
    if (run.state !== 'proposed' || plan === undefined || clock.now() >= plan.expiresAtMs) {
      console.err(printable(`${standing(run, clock.now())}\n`));
      return exitCodes.critical;
    }
    if (options.plan === undefined) {
      if (options.json) {
        printJson(console, { run: run.id, plan });
      } else {
        const [tally, who] = [
          await tallyOf(transitions, run, plan),
          await rightsOf(transitions.context, transitions.people, caller),
        ];
        const offersBreakGlass = isBreakGlassOffered(tally, who.principal, who.surfaceAt(run.cluster));
        const names = await transitions.people.names(run.votes.map(({ by }) => by));
        console.out(printable(planText(transitions, run, plan, { names, offersBreakGlass })));
      }
      return exitCodes.ok;
    }
    const isMeant = options.plan.length >= SHORTEST_HASH && plan.hash.startsWith(options.plan);
    const voted = await submitVote(
      transitions,
      {
        run: run.id,
        planHash: isMeant ? plan.hash : options.plan,
        typed: options.typed ?? '',
        reason: options.reason ?? '',
        glass: options.breakGlass ?? '',
      },
      caller,
    );
    const { text, isRecorded } = answerTo(voted, run);
    if (options.json) {
      printJson(console, { text, recorded: isRecorded });
    } else if (isRecorded) {
      console.out(printable(`${text}\n`));
    } else {
      console.err(printable(`${text}\n`));
    }
    return isRecorded ? exitCodes.ok : exitCodes.critical;
  });
}

function answerTo(voted: Voted, run: Run): { readonly text: string; readonly isRecorded: boolean } {
  switch (voted.kind) {
    case 'recorded': {
      const next = voted.isEnough
        ? `${run.id} checks once more on fresh data and then starts.`
        : 'Somebody else must approve the same plan before it runs.';
      return { text: `Recorded. ${voted.votes} of ${voted.needed} approvals. ${next}`, isRecorded: true };
    }
    case 'changed':
      return {
        text: `This is not the hash of the current plan. Read the plan with: watership approve ${run.id}`,
        isRecorded: false,
      };
    case 'errors': {
      const { typed, reason, glass } = voted;
      const said = [
        ...(typed === undefined ? [] : [`--typed: ${typed}`]),
        ...(reason === undefined ? [] : [reason]),
        ...(glass === undefined ? [] : [`--break-glass: ${glass}`]),
      ];
      return { text: said.join('\n'), isRecorded: false };
    }
  }
}

function planText(
  { context }: Transitions,
  run: Run,
  plan: Plan,
  { names, offersBreakGlass }: { readonly names: Names; readonly offersBreakGlass: boolean },
): string {
  const { people } = context.config;
  const confirmation = confirmationOf(people, run, plan);
  const items = plan.items.flatMap((item, index) => [
    `  ${index + 1}. ${item.title}`,
    ...(item.kind === 'act' ? item.describe.split('\n').map((line) => `     ${line}`) : []),
  ]);
  const typed =
    confirmation.kind === 'none'
      ? ''
      : ` --typed ${confirmation.kind === 'count' ? `<how many ${confirmation.of} are lost>` : '<the cluster’s name>'}`;
  const reason = isReasonNeeded(plan.tier) ? ' --reason <why>' : '';
  return [
    `${run.id} on ${run.cluster}, ${run.incident}: ${tierWords[plan.tier]}`,
    `Lost for good: ${plan.lost.length === 0 ? 'nothing' : ''}`,
    ...plan.lost.map((line) => `  ${line}`),
    ...(plan.over ?? []).map((line) => `Over a limit: ${line}`),
    `Undo: ${plan.undo}`,
    'Exactly this will run:',
    ...items,
    whoMustApprove(plan.tier, people.approvals[plan.tier], people.selfApproval[plan.tier]),
    `So far: ${run.votes.length === 0 ? 'nobody' : run.votes.map(({ by }) => nameOf(names, by)).join(', ')}`,
    `Expires: ${utcMoment(plan.expiresAtMs)}`,
    `To approve: watership approve ${run.id} --plan ${plan.hash}${typed}${reason}`,
    ...(offersBreakGlass
      ? [
          `Only if you are on call and alone: add --break-glass "${breakGlassPhrase(run)}". It pages the owners.`,
        ]
      : []),
    '',
  ].join('\n');
}
