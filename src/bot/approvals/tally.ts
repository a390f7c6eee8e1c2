import type { Plan, Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { listed } from '../wording/words.ts';
import { isWithin } from './rules/business-hours.ts';
import { isApproved, type Tally } from './rules/cast-vote.ts';

type Electorate = Pick<BotContext, 'config' | 'clock' | 'people'>;

/** The votes for a plan with the roles that the voters have now. */
export async function tallyNow(
  { config, clock, people: who }: Electorate,
  run: Run,
  plan: Plan,
  breakGlass: boolean,
): Promise<Tally> {
  const { people } = config;
  const votes = run.votes.filter((vote) => vote.planHash === plan.hash);
  return {
    tier: plan.tier,
    needed: people.approvals[plan.tier],
    selfApproval: people.selfApproval[plan.tier],
    requestedBy: run.requestedBy,
    breakGlass,
    isBusinessHours: isWithin(people.businessHours, clock.now()),
    voters: await Promise.all(
      votes.map(async ({ by, breakGlass }) => ({
        id: by,
        roles: await who.roles(by),
        usedBreakGlass: breakGlass === true,
      })),
    ),
  };
}

/** Do the votes still carry the plan, at the moment it would act? `unknown`: Slack does not say who may approve. */
export async function recheckApproval(
  electorate: Electorate,
  run: Run,
): Promise<'approved' | 'unknown' | { readonly because: string; readonly voters: readonly string[] }> {
  const { plan } = run;
  if (plan === undefined) {
    return { because: 'The run has no plan.', voters: [] };
  }
  const tally = await tallyNow(electorate, run, plan, false);
  if (isApproved(tally, tally.voters)) {
    return 'approved';
  }
  if (tally.voters.some(({ roles }) => roles === 'unknown')) {
    return 'unknown';
  }
  const gone = tally.voters.filter(({ roles }) => roles !== 'unknown' && !roles.isApprover && !roles.isAdmin);
  const voters = gone.map(({ id }) => id);
  return {
    voters,
    because:
      gone.length === 0
        ? 'Its votes are no longer enough.'
        : `${listed(voters)} approved it but may no longer approve, so the votes are no longer enough.`,
  };
}
