import { describe, expect, test } from 'vitest';
import { OutcomeUnknown, RedisAway } from '../../../../src/bot/stores/connection/store-connection.ts';
import { chosen, homeOpened, submitted } from '../../fakes/receiver.ts';
import { ALICE, BOB } from '../../fakes/world.ts';
import { readAloud } from '../read-aloud.ts';
import { ask, createBot, filled, press, withModal } from './driven-bot.ts';

const AWAY =
  'Redis, where everything is stored, cannot be reached just now. A failover takes up to a minute. I could not finish what you asked for; please try again in a minute. Nothing is done twice.';
const UNKNOWN =
  'The connection to Redis, where everything is stored, broke in the middle of this, so I cannot say whether it was counted. Please look again in a minute, and try again if it was not. Nothing is done twice.';

const away = () => Promise.reject(new RedisAway('Redis is away: nobody there'));
const unknown = () => Promise.reject(new OutcomeUnknown('sent, and not answered'));

describe('while Redis is away', () => {
  test('whoever presses a button is told what happened and what to do', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    stores.once.first = away;
    await deliver(press(ALICE, 'incident:ack', 'INC-0412'));
    expect(slack.whispers).toMatchObject([{ user: ALICE, text: AWAY }]);
  });

  test('whoever types a command is told so', async () => {
    const bot = createBot();
    bot.stores.memory.get = away;
    expect(await ask(bot, ['status'])).toMatchObject([{ text: AWAY, response_type: 'ephemeral' }]);
  });

  test('whoever opens the Home tab is told so there, and sees it anew when they open it again', async () => {
    const { deliver, slack, stores } = createBot();
    const { first } = stores.once;
    stores.once.first = away;
    await deliver(homeOpened(ALICE));
    expect(readAloud(slack.homes.get(ALICE)?.blocks ?? [])).toContain(AWAY);
    stores.once.first = first;
    await deliver(homeOpened(ALICE));
    expect(readAloud(slack.homes.get(ALICE)?.blocks ?? [])).toContain('# Your incidents');
  });

  test('whoever waits for a plan in an open window is told so there', async () => {
    const { deliver, open, slack, stores, settled } = createBot();
    await open();
    const { get } = stores.runs;
    await deliver(press(BOB, 'incident:review', 'INC-0412'));
    stores.runs.get = away;
    await settled();
    expect(readAloud([...slack.views.values()][0]?.blocks ?? [])).toContain(AWAY);
    stores.runs.get = get;
  });

  test('whoever chooses another way in an open window is told so there', async () => {
    const { deliver, view, viewId, slack, stores, settled } = await withModal();
    stores.runs.get = away;
    await deliver(chosen(BOB, viewId, view, 'ctl3'));
    await settled();
    expect(readAloud(slack.views.get(viewId)?.blocks ?? [])).toContain(AWAY);
  });

  test('whoever approves is told so at the field, and is counted from the same window when it is back', async () => {
    const { deliver, view, stores } = await withModal();
    const { put } = stores.runs;
    stores.runs.put = away;
    expect(await deliver(submitted(BOB, view, filled()))).toEqual({
      response_action: 'errors',
      errors: { reason: AWAY },
    });
    stores.runs.put = put;
    expect(JSON.stringify(await deliver(submitted(BOB, view, filled())))).toContain(
      'Recorded. 1 of 1 approvals.',
    );
  });
});

describe('when the connection to Redis breaks in the middle', () => {
  test('of a click, it is not told as counted nor as lost', async () => {
    const { deliver, open, slack, stores } = createBot();
    await open();
    stores.incidents.put = unknown;
    await deliver(press(ALICE, 'incident:ack', 'INC-0412'));
    expect(slack.whispers).toMatchObject([{ user: ALICE, text: UNKNOWN }]);
  });

  test('of an approval that was stored, it counts once when it is given again', async () => {
    const { deliver, view, stores } = await withModal();
    const { put } = stores.runs;
    stores.runs.put = async (...asked) => {
      await put(...asked);
      return unknown();
    };
    expect(await deliver(submitted(BOB, view, filled()))).toEqual({
      response_action: 'errors',
      errors: { reason: UNKNOWN },
    });
    stores.runs.put = put;
    await deliver(submitted(BOB, view, filled()));
    expect(stores.kept.runs.get('RUN-0001')?.votes).toHaveLength(1);
  });

  test('of an approval that was lost, the same window says that it is not counted, and a new one counts it', async () => {
    const { deliver, view, stores } = await withModal();
    const { put } = stores.runs;
    const { forget } = stores.once;
    stores.runs.put = unknown;
    // It is still away when the window should be let in again.
    stores.once.forget = away;
    await deliver(submitted(BOB, view, filled()));
    stores.runs.put = put;
    stores.once.forget = forget;
    const again = await deliver(submitted(BOB, view, filled()));
    expect(again).toMatchObject({ view: { title: { text: 'Not counted so far' } } });
    expect(JSON.stringify(again)).toContain(
      'Your approval is not among those counted so far. Press Review fix again to give it.',
    );
    expect(stores.kept.runs.get('RUN-0001')?.votes).toEqual([]);
    const anew = await deliver(submitted(BOB, { ...view, id: 'V2' } as typeof view, filled()));
    expect(JSON.stringify(anew)).toContain('Recorded. 1 of 1 approvals.');
  });
});
