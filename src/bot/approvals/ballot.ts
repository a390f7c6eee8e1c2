import type { Plan, Run } from '../../runbooks/index.ts';
import type { BotContext } from '../context.ts';
import { isWithin } from './rules/business-hours.ts';
import { type Ballot, isCarried } from './rules/cast-vote.ts';

type Electorate = Pick<BotContext, 'config' | 'clock' | 'people'>;

/** The votes for a plan with the roles that the voters have now. */
export async function ballotNow(
  { config, clock, people: who }: Electorate,
  run: Run,
  plan: Plan,
  breaksGlass: boolean,
): Promise<Ballot> {
  const { people } = config;
  const votes = run.votes.filter((vote) => vote.planHash === plan.hash);
  return {
    tier: plan.tier,
    needed: people.approvals[plan.tier],
    selfApproval: people.selfApproval[plan.tier],
    requestedBy: run.requestedBy,
    breaksGlass,
    isBusinessHours: isWithin(people.businessHours, clock.now()),
    voters: await Promise.all(
      votes.map(async ({ by, breakGlass }) => ({
        id: by,
        roles: await who.roles(by),
        brokeGlass: breakGlass === true,
      })),
    ),
  };
}

/** Do the votes still carry the plan, at the moment it would act? `unknown`: Slack does not say who may approve. */
export async function standsNow(
  electorate: Electorate,
  run: Run,
): Promise<'carried' | 'unknown' | { readonly because: string }> {
  const { plan } = run;
  if (plan === undefined) {
    return { because: 'It has no plan.' };
  }
  const ballot = await ballotNow(electorate, run, plan, false);
  if (isCarried(ballot, ballot.voters)) {
    return 'carried';
  }
  if (ballot.voters.some(({ roles }) => roles === 'unknown')) {
    return 'unknown';
  }
  const gone = ballot.voters.filter(
    ({ roles }) => roles !== 'unknown' && !roles.isApprover && !roles.isAdmin,
  );
  const who = gone.map(({ id }) => id).join(' and ');
  return {
    because:
      gone.length === 0
        ? 'Its votes are no longer enough.'
        : `${who} approved it and may not approve any more, so the votes are no longer enough.`,
  };
}
