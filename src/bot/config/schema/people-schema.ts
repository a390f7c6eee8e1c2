import { z } from 'zod';
import { duration, textField, timezone, wholeNumber, yesOrNo } from './fields.ts';

/*
 * People and their rights, by tier, and the hours in which there are enough of them.
 */

const personOrGroup = textField('a Slack user id (U…) or user group id (S…)').regex(/^[UWS][A-Z0-9_]+$/, {
  error: 'a Slack user id (U…) or user group id (S…), not a name',
});
const peopleOrGroups = z.array(personOrGroup, { error: 'a list of Slack ids' });

const clockTime = textField('a time of day such as 08:00').regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
  error: 'a time of day such as 08:00',
});

const businessHours = z.strictObject({
  days: z
    .array(wholeNumber(1, 7), { error: 'a list of days, 1 for Monday to 7 for Sunday' })
    .default([1, 2, 3, 4, 5]),
  from: clockTime.default('08:00'),
  until: clockTime.default('18:00'),
  timezone,
});

const slackUser = textField('a Slack user id (U…)').regex(/^[UW][A-Z0-9_]+$/, {
  error: 'a Slack user id (U…), not a group and not a name',
});

/** How many people must say yes. */
export const votes = wholeNumber(1, 10);

/** One value for each tier that somebody has to approve. */
const byTier = <Field extends z.ZodType>(field: Field) =>
  z.strictObject({
    reversible: field.optional(),
    destructive: field.optional(),
    node: field.optional(),
    mass: field.optional(),
  });

/** Who may do what, and how many of them it takes. */
export const peopleSchema = z.strictObject({
  approvers: peopleOrGroups.default([]),
  adminApprovers: peopleOrGroups.default([]),
  selfApproval: byTier(yesOrNo).default({}),
  approvals: byTier(votes).default({}),
  typedConfirmation: byTier(yesOrNo).default({}),
  planExpires: duration(10_000, '5m', 86_400_000).default(300_000),
  onCall: peopleOrGroups.optional(),
  owners: peopleOrGroups.optional(),
  cli: z
    .record(z.string(), slackUser, { error: 'a mapping from a user of this machine to a Slack user id' })
    .default({}),
  businessHours: businessHours.prefault({}),
});
