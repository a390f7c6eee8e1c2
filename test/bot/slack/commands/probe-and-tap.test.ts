import { describe, expect, test } from 'vitest';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { createTransitions } from '../../../../src/bot/approvals/transitions.ts';
import type { ClusterHandle } from '../../../../src/bot/context.ts';
import type { Command, Reply } from '../../../../src/bot/slack/commands/common/command.ts';
import { probe } from '../../../../src/bot/slack/commands/probe.ts';
import { tapVerb } from '../../../../src/bot/slack/commands/tap.ts';
import type { ManagementApi, TappedMessage } from '../../../../src/rpc/index.ts';
import type { Observation, ProbeAnswer } from '../../../../src/runbooks/index.ts';
import { api } from '../../../runbooks/actions/fakes.ts';
import { queue, seen } from '../../../runbooks/observation.ts';
import { byCommand } from '../../fakes/callers.ts';
import { ALICE, CHANNEL, createWorld, DAVE, type World } from '../../fakes/world.ts';
import { problemsOfMessage } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

interface Given {
  readonly now?: Observation;
  readonly probe?: (queue: string) => ProbeAnswer | Promise<ProbeAnswer>;
  readonly listen?: ClusterHandle['listen'];
  readonly clusters?: readonly string[];
  readonly exchanges?: ManagementApi['exchanges'];
}

function bot({ now = seen(), probe: answer = () => alive, listen, exchanges, clusters = ['prod-a'] }: Given) {
  const world = createWorld();
  const plain = world.context.clusters.get('prod-a');
  if (plain === undefined) {
    throw new Error('no cluster');
  }
  const asked: string[] = [];
  const handle: ClusterHandle = {
    ...plain,
    lately: async () => now,
    ...(listen === undefined ? {} : { listen }),
    ports: {
      ...plain.ports,
      ...(exchanges === undefined ? {} : { management: [api('rabbit@ctl1', { exchanges })] }),
      probe: async ({ topic }) => {
        asked.push(topic);
        return await answer(topic);
      },
    },
  };
  const context = { ...world.context, clusters: new Map(clusters.map((name) => [name, handle])) };
  return { ...world, context, asked };
}

const alive: ProbeAnswer = { verdict: 'alive', tookMs: 3.6, how: 'It answered.', consumers: 1 };

async function type(
  { context, slack, clock }: Pick<World, 'context' | 'slack' | 'clock'>,
  command: Command,
  words: readonly string[],
  { user = ALICE, onMeanwhile }: { readonly user?: string; readonly onMeanwhile?: () => void } = {},
): Promise<{ readonly reply: Reply; readonly aloud: string; readonly meanwhile: readonly string[] }> {
  const people = createPeople({ slack, clock, people: context.config.people });
  const meanwhile: string[] = [];
  const reply = await command.run({
    listener: {
      transitions: createTransitions(context, people),
      port: slack,
      adapt: (payload) => payload,
      later: () => undefined,
    },
    caller: byCommand(user),
    channel: CHANNEL,
    words,
    meanwhile: async (text) => {
      meanwhile.push(text);
      onMeanwhile?.();
    },
  });
  expect(problemsOfMessage(reply)).toEqual([]);
  return { reply, aloud: readAloud(reply.blocks ?? []), meanwhile };
}

describe('/rabbit probe', () => {
  const queues = [queue('compute', { consumers: 2 }), queue('compute.cmp1'), queue('cinder-volume')];
  const answer = (name: string): ProbeAnswer =>
    name === 'compute.cmp1'
      ? { verdict: 'deaf', tookMs: 3_750, how: 'No answer within 3750 ms.', consumers: 1 }
      : alive;

  test('asks every service, and tells the silent ones first', async () => {
    const { aloud } = await type(bot({ now: seen({ queues }), probe: answer }), probe, []);
    expect(aloud).toMatchInlineSnapshot(`
      "# 2 of 3 answer
      compute.cmp1: deaf, 1 consumer - No answer within 3750 ms.
      cinder-volume: alive, 4 ms, 1 consumer
      compute: alive, 4 ms, 1 consumer"
    `);
  });

  test('of a topic, or of one server, asks only those', async () => {
    const now = seen({ queues });
    const ofTopic = bot({ now });
    expect((await type(ofTopic, probe, ['compute'])).aloud).toContain('# 2 queues probed, all answer');
    expect(ofTopic.asked).toEqual(['compute', 'compute.cmp1']);
    const ofServer = bot({ now });
    await type(ofServer, probe, ['compute', 'cmp7']);
    expect(ofServer.asked).toEqual(['compute.cmp7']);
  });

  test('asks at most twenty, and says how many it left out', async () => {
    const many = Array.from({ length: 33 }, (_, index) => queue(`compute.cmp${index}`));
    const house = bot({ now: seen({ queues: many }) });
    expect((await type(house, probe, [])).aloud).toContain(
      '13 more queues not probed: I probe at most 20 at a time.',
    );
    expect(house.asked).toHaveLength(20);
  });

  test('says soon that it takes longer, when somebody is silent', async () => {
    let isTold: () => void = () => {};
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    // Nobody answers before the person has heard that it takes longer.
    const slow = async (): Promise<ProbeAnswer> => {
      await told;
      return alive;
    };
    const { meanwhile } = await type(bot({ now: seen({ queues }), probe: slow }), probe, [], {
      onMeanwhile: isTold,
    });
    expect(meanwhile).toEqual(['Probing. I wait about five seconds for a service that does not answer.']);
  });

  test('without services says what to do', async () => {
    expect((await type(bot({}), probe, [])).aloud).toContain(
      'I know of no service to probe. Name a topic, or list services in the configuration.',
    );
  });

  test('names of queues are shown as they are', async () => {
    const nasty = 'compute.<!channel>';
    const { aloud } = await type(bot({ now: seen({ queues: [queue(nasty)] }) }), probe, []);
    expect(aloud).toContain('compute.&lt;!channel&gt;: alive');
  });
});

describe('/rabbit tap', () => {
  const passing = (...messages: readonly TappedMessage[]): ClusterHandle['listen'] =>
    async function* () {
      yield* messages;
    };
  const message: TappedMessage = {
    exchange: 'nova',
    routingKey: 'notifications.info',
    bytes: 300,
    message: { event_type: 'instance.create', payload: { state: 'active', url: 'rabbit://nova:s3cret@h/' } },
  };

  test('shows an approver what passes, masked, to nobody else, and writes down who listened', async () => {
    const house = bot({
      listen: passing(message, { ...message, message: undefined, unreadable: 'no JSON' }),
    });
    const { aloud, reply, meanwhile } = await type(house, tapVerb, ['nova', 'notifications.#']);
    expect(aloud).toMatchInlineSnapshot(`
      "# 2 messages passed nova with key notifications.#
      notifications.info: instance.create {"state":"active","url":"rabbit://nova:…@h/"}
      notifications.info: 300 bytes that cannot be read: no JSON
      ~ Tokens and passwords are masked. No queue lost a message, and nothing is left on the broker."
    `);
    expect(reply.isPrivate).toBe(true);
    expect(meanwhile).toEqual(['Listening for 15 s, or until 10 messages have passed.']);
    expect(house.stores.kept.audit).toMatchObject([
      {
        actor: ALICE,
        event: 'tap',
        cluster: 'prod-a',
        text: 'Listened in on exchange nova with key notifications.#.',
      },
    ]);
  });

  test('is bounded, whatever is asked for', async () => {
    const wanted: object[] = [];
    const listen: ClusterHandle['listen'] = (given) => {
      wanted.push(given);
      return passing()(given);
    };
    const { aloud } = await type(bot({ listen }), tapVerb, ['nova', '#']);
    expect(wanted).toEqual([{ exchange: 'nova', routingKey: '#', maxMessages: 10, maxSeconds: 15 }]);
    expect(aloud).toContain('# No message passed nova with key # in 15 s');
  });

  test('is for approvers, and says so kindly', async () => {
    const house = bot({});
    const { aloud } = await type(house, tapVerb, ['nova', '#'], { user: DAVE });
    expect(aloud).toMatch(
      /^Thank you, but only approvers may listen to the messages between services\. Nothing was changed\. Please ask an approver\. Approvers: /,
    );
    expect(house.stores.kept.audit).toMatchObject([
      { actor: DAVE, text: 'listening in refused: not an approver' },
    ]);
  });

  test.each([
    [
      [],
      ['prod-a'],
      'Which exchange, and which routing key? For example /rabbit tap openstack notifications.#',
    ],
    [['nova', '#'], ['prod-a', 'prod-b'], 'Which cluster? Add one of: prod-a, prod-b.'],
    [['nova', '#', 'prod-c'], ['prod-a'], 'No cluster named “prod-c”. Did you mean prod-a?'],
  ] as const)('%j is asked back for', async (words, clusters, told) => {
    expect((await type(bot({ clusters }), tapVerb, words)).aloud).toBe(told);
  });

  test('of an exchange that is not there says which are, before it listens', async () => {
    const exchanges = async () =>
      ['', 'amq.topic', 'openstack', 'scheduler_fanout'].map((name) => ({ vhost: '/', name }));
    const { aloud, meanwhile } = await type(bot({ exchanges }), tapVerb, ['nova', '#']);
    expect(aloud).toBe('No exchange named “nova” on vhost /. Known exchanges: openstack.');
    expect(meanwhile).toEqual([]);
  });

  test('says why it could not listen', async () => {
    const listen: ClusterHandle['listen'] = () => {
      throw new Error("The tap on exchange 'nope' ended: no such exchange");
    };
    expect((await type(bot({ listen }), tapVerb, ['nope', '#'])).aloud).toContain(
      "The tap on exchange 'nope' ended",
    );
  });
});
