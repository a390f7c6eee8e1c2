import { describe, expect, test } from 'vitest';
import { announce } from '../../../src/bot/approvals/maintenance.ts';
import { maintenanceOf } from '../../../src/bot/approvals/maintenance-window.ts';
import { createTransitions } from '../../../src/bot/approvals/transitions.ts';
import { createIncidentNotifier } from '../../../src/bot/slack/send/incident-notifier.ts';
import { byCommand } from '../fakes/callers.ts';
import { ALICE, CAROL, createWorld, DAVE } from '../fakes/world.ts';

// Sunday, 22 November 2026, 03:00 UTC is 04:00 in Berlin.
const berlin = { cron: '0 3 * * 0', timezone: 'Europe/Berlin', durationMs: 2 * 3_600_000 };

describe('planned work', () => {
  test('is within its window, by the clock of its own time zone', async () => {
    const world = createWorld({ config: { maintenance: [berlin] } });
    expect(await maintenanceOf(world.context, 'prod-a')).toEqual({ untilMs: Date.UTC(2026, 10, 22, 4) });
    world.clock.pass(3_600_000);
    expect(await maintenanceOf(world.context, 'prod-a')).toBeUndefined();
    const now = createWorld({ config: { maintenance: [{ ...berlin, cron: '0 4 * * 0' }] } });
    expect(await maintenanceOf(now.context, 'prod-a'), 'from its first moment on').toEqual({
      untilMs: Date.UTC(2026, 10, 22, 5),
    });
    const other = createWorld({ config: { maintenance: [{ ...berlin, clusters: ['prod-b'] }] } });
    expect(await maintenanceOf(other.context, 'prod-a')).toBeUndefined();
  });

  test('is announced and ended by an approver, and ends by itself', async () => {
    const { context, clock, stores } = createWorld();
    const transitions = createTransitions(context, context.people);
    const say = async (user: string, ...words: readonly string[]) =>
      await announce(transitions, words[0], words[1], byCommand(user));
    expect(await say(DAVE, 'prod-a', '2h')).toMatchObject({
      refused: true,
      text: expect.stringMatching(
        /only approvers may announce or end maintenance.*Please ask an approver\. Approvers: /,
      ),
    });
    expect(await say(ALICE, 'prod-a', 'end')).toEqual({
      refused: true,
      text: 'prod-a is not under maintenance, so there is nothing to end.',
    });
    expect(await say(ALICE, 'prod-x', '2h')).toMatchObject({
      text: 'For which cluster? Known clusters: prod-a.',
    });
    expect(await say(ALICE, 'prod-a', 'soon')).toMatchObject({ refused: true });
    expect(await say(ALICE, 'prod-a', '3d')).toMatchObject({ refused: true });
    expect((await say(ALICE, 'prod-a', '2h')).text).toMatch(/under maintenance for 2 h/);
    expect((await say(DAVE, 'prod-a')).text).toMatch(/for 2 h more/);
    expect(await maintenanceOf(context, 'prod-a')).toMatchObject({ by: ALICE });
    expect((await say(CAROL, 'prod-a', 'end')).text).toMatch(/is over/);
    expect(await maintenanceOf(context, 'prod-a')).toBeUndefined();
    await say(ALICE, 'prod-a', '30m');
    clock.pass(31 * 60_000);
    expect(await maintenanceOf(context, 'prod-a')).toBeUndefined();
    expect(stores.kept.audit.map(({ event }) => event)).toEqual([
      'click.refused',
      'maintenance.begun',
      'maintenance.ended',
      'maintenance.begun',
    ]);
  });

  test('that the calendar has begun is not ended by hand', async () => {
    const { context, stores } = createWorld({ config: { maintenance: [berlin] } });
    const transitions = createTransitions(context, context.people);
    expect(await announce(transitions, 'prod-a', 'end', byCommand(ALICE))).toMatchObject({
      refused: true,
      text: expect.stringContaining('set in the configuration and ends by itself in 1 h.'),
    });
    expect(stores.kept.audit).toEqual([]);
  });

  test('makes alerts quiet, and not those that call somebody by name', async () => {
    const { context, slack, stores, open } = createWorld({ config: { maintenance: [berlin] } });
    await open();
    const atMs = context.clock.now();
    await stores.incidents.note('INC-0412', [
      { atMs, text: 'Resolved, or worse.', broadcast: true },
      { atMs, text: 'Alice used break-glass.', broadcast: true, mentions: [CAROL, 'S0LEADS', '<!channel>'] },
    ]);
    await createIncidentNotifier({ context, slack }).tell('INC-0412');
    const [card, ...thread] = slack.messages;
    expect(card?.text).toMatch(/^Maintenance, no hurry: P1 prod-a/);
    expect(JSON.stringify(card?.blocks)).toContain('maintenance until');
    expect(thread.map(({ broadcast }) => broadcast === true)).toEqual([false, false, true]);
    expect(JSON.stringify(thread.at(-1)?.blocks)).toContain('<@U0CAROL> <!subteam^S0LEADS>');
    expect(JSON.stringify(thread.at(-1)?.blocks)).not.toContain('<!channel>');
  });
});
