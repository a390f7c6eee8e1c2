import { describe, expect, test } from 'vitest';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { SlackRefused, SlackUnreachable } from '../../../../src/bot/ports/slack-errors.ts';
import { createLog } from '../../../../src/bot/process/log.ts';
import { createHomes } from '../../../../src/bot/slack/send/homes.ts';
import { ALICE, createWorld, DAVE } from '../../fakes/world.ts';

const HOUR_MS = 3_600_000;

async function createScene() {
  const { slack, clock, stores, context: world } = createWorld();
  const lines: string[] = [];
  const context = { ...world, log: createLog('info', { write: (line: string) => lines.push(line) }) };
  const people = createPeople({ slack, clock, people: world.config.people });
  await stores.homes.opened(ALICE);
  await stores.homes.opened(DAVE);
  const homes = createHomes({ context, people, slack });
  return {
    clock,
    stores,
    slack,
    lines,
    /** Shows the tabs anew while Slack does not take the first one; what is logged about it. */
    async failing(error: Error) {
      const before = lines.length;
      slack.failNext('publishHome', error);
      await homes.soon();
      return lines.slice(before).map((line): unknown => JSON.parse(line));
    },
  };
}

const gone = new SlackRefused('views.publish', 'user_not_found');

describe('Home tabs', () => {
  test('one that Slack does not take is logged once an hour for each reason', async () => {
    const { failing, clock, slack } = await createScene();
    const line = { level: 'warn', kind: 'user_not_found', msg: 'A Home tab could not be updated' };
    const [first, ...more] = await failing(gone);
    expect(first).toMatchObject({ ...line, err: { message: 'Slack refused views.publish: user_not_found' } });
    expect(first).toHaveProperty('user', slack.homes.has(ALICE) ? DAVE : ALICE);
    expect(more).toEqual([]);
    expect(await failing(gone)).toEqual([]);
    expect(await failing(new SlackUnreachable('no answer'))).toMatchObject([{ kind: 'SlackUnreachable' }]);
    clock.pass(HOUR_MS);
    expect(await failing(gone)).toMatchObject([line]);
  });

  test('nothing secret is logged with it', async () => {
    const { failing, lines } = await createScene();
    await failing(new SlackUnreachable('views.publish: Bearer xoxb-1-Quillwort'));
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('Quillwort');
  });

  test('those behind it are shown although Redis cannot tell whether it was logged', async () => {
    const { failing, stores, slack, lines } = await createScene();
    stores.once.first = async () => {
      throw new Error('Redis is away');
    };
    await failing(gone);
    expect(lines).toHaveLength(0);
    expect(slack.homes.size).toBe(1);
  });
});
