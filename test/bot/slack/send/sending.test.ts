import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acknowledge, requestDiagnosis } from '../../../../src/bot/approvals/incidents.ts';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { createTransitions } from '../../../../src/bot/approvals/transitions.ts';
import { notify, notifyBackoffMs } from '../../../../src/bot/jobs/notify.ts';
import { createIncidentNotifier } from '../../../../src/bot/slack/send/incident-notifier.ts';
import { openSlackPort } from '../../../../src/bot/slack/send/web-client-port.ts';
import { inChannel } from '../../fakes/callers.ts';
import { ALICE, CHANNEL, createWorld } from '../../fakes/world.ts';
import { type Fault, slackServer } from '../slack-server.ts';

const click = inChannel(ALICE, CHANNEL);

/** The whole way from a stored change to Slack, but for BullMQ: its retry is the loop here. */
async function createScene(...script: readonly Fault[]) {
  const server = await slackServer(script);
  const world = createWorld();
  const { context, clock, stores } = world;
  const slackConfig = { ...context.config.slack, botToken: 'xoxb-very-secret', apiUrl: server.url };
  const slack = openSlackPort(slackConfig, clock, { timeoutMs: 250 });
  const notifier = createIncidentNotifier({ context, slack });
  const transitions = createTransitions(
    context,
    createPeople({ slack, clock, people: context.config.people }),
  );
  const errors: Error[] = [];
  const tellUntilTold = async (incident = 'INC-0412', attempts = 60): Promise<void> => {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        return await notify({ stores }, (id) => notifier.tell(id), incident);
      } catch (error) {
        if (!(error instanceof Error)) {
          throw error;
        }
        errors.push(error);
        await clock.sleep(notifyBackoffMs(attempt, error));
      }
    }
    throw new Error(`not told after ${attempts} attempts: ${errors.at(-1)?.message}`);
  };
  const cards = () => server.messages.filter(({ thread_ts }) => thread_ts === undefined);
  const replies = () => server.messages.filter(({ thread_ts }) => thread_ts !== undefined);
  return { ...world, server, notifier, transitions, errors, tellUntilTold, cards, replies };
}

const fault = fc.oneof<fc.Arbitrary<Fault>[]>(
  fc.constant({ kind: 'busy', retryAfter: '2' }),
  fc.constant({ kind: 'busy', retryAfter: '120' }),
  fc.constant({ kind: 'busy', retryAfter: 'soon' }),
  fc.constantFrom({ kind: 'status', status: 500 }, { kind: 'status', status: 503 }),
  fc.constant({ kind: 'hang' }),
  fc.constant({ kind: 'lost' }),
  fc.constant({ kind: 'garbage' }),
  fc.constantFrom(
    ...['invalid_blocks', 'channel_not_found', 'token_revoked', 'internal_error', 'fatal_error'].map(
      (error): Fault => ({ kind: 'refuse', error }),
    ),
  ),
);

describe('a message to Slack', () => {
  test('survives whatever Slack does: one card, every line once, the newest state, and no secret told', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 8 }),
        fc.array(fault, { maxLength: 6 }),
        async (one, two) => {
          const scene = await createScene(...one);
          await using _server = scene.server;
          const { open, stores, clock, transitions, server, cards, replies, errors, tellUntilTold } = scene;
          await open();
          await tellUntilTold();
          server.script.push(...two);
          await acknowledge(transitions, 'INC-0412', click);
          await stores.incidents.note('INC-0412', [{ atMs: clock.now(), text: 'It grew.' }]);
          await requestDiagnosis(transitions, 'INC-0412', click);
          await scene.diagnosed('RUN-0001');
          await tellUntilTold();

          expect(await stores.pendingUpdates.list()).toEqual([]);
          const plain = [...one, ...two].some(
            (each) => each.kind === 'refuse' && each.error === 'invalid_blocks',
          );
          // A message that went out as bare text has no ids by which it could be found again.
          if (!plain) {
            expect(cards()).toHaveLength(1);
          }
          expect(cards().at(-1)?.text).toMatch(/Alice Anderson is on it|waits for approval|approv/);
          const thread = replies().filter(({ thread_ts }) => thread_ts === cards().at(-1)?.ts);
          const told = thread.map(({ text }) => text).join(' ');
          for (const line of ['Seen in 2 sweeps.', 'It grew.', 'asked for a diagnosis (RUN-0001)']) {
            expect(plain ? told.includes(line) : told.split(line).length).toBe(plain ? true : 2);
          }
          expect(thread.at(-1)?.text ?? '').toContain('a plan waits for approval');
          expect(errors.map(({ message, stack }) => `${message} ${stack}`).join()).not.toContain(
            'very-secret',
          );
        },
      ),
      { numRuns: 20 },
    );
  }, 120_000);

  test('whose blocks are refused goes out plainer, and its buttons stay', async () => {
    const scene = await createScene({ kind: 'refuse', error: 'invalid_blocks' });
    await using _server = scene.server;
    await scene.open();
    await scene.tellUntilTold();
    expect(scene.errors).toEqual([]);
    const [card] = scene.cards();
    expect(card?.text).toContain('P1 prod-a');
    expect(card?.blocks.map(({ type }) => type)).toEqual(['section', 'actions']);
  });

  test('whose blocks are refused once more goes out as text', async () => {
    const refuse = { kind: 'refuse', error: 'invalid_blocks' } as const;
    const scene = await createScene(refuse, refuse);
    await using _server = scene.server;
    await scene.open();
    await scene.tellUntilTold();
    expect(scene.cards()).toMatchObject([{ blocks: [] }]);
  });

  test('of a hundred changes while Slack is away only the newest is sent', async () => {
    const scene = await createScene();
    await using _server = scene.server;
    const { open, stores, server, tellUntilTold, cards } = scene;
    let incident = await open();
    await tellUntilTold();
    const before = server.calls.filter((method) => method === 'chat.update').length;
    for (let at = 0; at < 100; at += 1) {
      incident = { ...incident, owner: at % 2 === 0 ? ALICE : 'U0BOB' };
      const audit = { atMs: at, actor: 'watership', event: 'incident.changed', text: '' };
      await stores.incidents.put(incident, incident.version, audit);
      incident = { ...incident, version: incident.version + 1 };
    }
    await tellUntilTold();
    expect(server.calls.filter((method) => method === 'chat.update').length - before).toBe(1);
    expect(cards()).toHaveLength(1);
  });

  test.each(['channel_not_found', 'token_revoked', 'is_archived', 'not_in_channel'])(
    'that Slack refuses with %s stays untold, and changes nothing else',
    async (error) => {
      const scene = await createScene(
        ...Array.from({ length: 5 }, () => ({ kind: 'refuse', error }) as const),
      );
      await using _server = scene.server;
      const incident = await scene.open();
      await expect(scene.tellUntilTold('INC-0412', 5)).rejects.toThrow(error);
      expect(await scene.stores.pendingUpdates.list()).toHaveLength(1);
      expect(scene.stores.kept.incidents.get('INC-0412')).toEqual(incident);
      await scene.tellUntilTold();
      expect(scene.cards()).toHaveLength(1);
      expect(await scene.stores.pendingUpdates.list()).toEqual([]);
    },
  );

  test('storm of 30 incidents is told at Slack’s pace, and nothing is lost', async () => {
    const scene = await createScene();
    await using _server = scene.server;
    const ids = Array.from({ length: 30 }, (_, at) => `INC-1${String(at).padStart(3, '0')}`);
    for (const id of ids) {
      await scene.open({ id, key: id });
    }
    const begunAtMs = scene.clock.now();
    await Promise.all(ids.map((id) => scene.tellUntilTold(id)));
    expect(scene.cards()).toHaveLength(30);
    expect(await scene.stores.pendingUpdates.list()).toEqual([]);
    // A card and a line each: 60 messages, three of them at once.
    expect(scene.clock.now() - begunAtMs).toBeGreaterThanOrEqual(57_000);
  });
});
