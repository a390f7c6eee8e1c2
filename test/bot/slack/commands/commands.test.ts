import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createPeople } from '../../../../src/bot/approvals/people.ts';
import { createTransitions } from '../../../../src/bot/approvals/transitions.ts';
import { audit } from '../../../../src/bot/slack/commands/audit.ts';
import { breakIt, heal } from '../../../../src/bot/slack/commands/break.ts';
import type { Command, CommandCall } from '../../../../src/bot/slack/commands/common/command.ts';
import { digest } from '../../../../src/bot/slack/commands/digest.ts';
import { incidents } from '../../../../src/bot/slack/commands/incidents.ts';
import { queues } from '../../../../src/bot/slack/commands/queues.ts';
import { commands } from '../../../../src/bot/slack/commands/register.ts';
import { status } from '../../../../src/bot/slack/commands/status.ts';
import { parseTyped } from '../../../../src/bot/slack/requests/parse.ts';
import { type Observation, summaryOf } from '../../../../src/runbooks/index.ts';
import { byCommand } from '../../fakes/callers.ts';
import { ALICE, CHANNEL, createWorld, openIncident, split, type World } from '../../fakes/world.ts';
import { problemsOfMessage } from '../block-problems.ts';
import { readAloud } from '../read-aloud.ts';

function askedIn(world: World, words: readonly string[] = []): CommandCall {
  const { context, slack, clock } = world;
  const people = createPeople({ slack, clock, people: context.config.people });
  return {
    listener: {
      transitions: createTransitions(context, people),
      port: slack,
      adapt: (payload) => payload,
      later: () => undefined,
    },
    caller: byCommand(ALICE),
    channel: CHANNEL,
    words,
  };
}

async function aloud(command: Command, asked: CommandCall): Promise<string> {
  const reply = await command.run(asked);
  expect(problemsOfMessage(reply)).toEqual([]);
  return readAloud(reply.blocks ?? []);
}

async function swept(world: World, now: Observation = split): Promise<void> {
  const { clock, stores } = world;
  const memory = { history: now.history, pending: [], sweptAtMs: clock.now(), summary: summaryOf(now) };
  const { token = 0 } = (await stores.leases.take('sweep:prod-a', 'me', 60_000)) ?? {};
  await stores.memory.put('prod-a', memory, { lease: 'sweep:prod-a', token });
  clock.pass(4_000);
}

describe('what is typed', () => {
  test.each([
    ['', { verb: '', words: [], isShared: false }],
    ['  STATUS  ', { verb: 'status', words: [], isShared: false }],
    ['status prod-a share', { verb: 'status', words: ['prod-a'], isShared: true }],
    ['share', { verb: 'share', words: [], isShared: false }],
    [
      'run partition “a queue” "b c"',
      { verb: 'run', words: ['partition', 'a queue', 'b c'], isShared: false },
    ],
  ])('“%s” is understood', (text, typed) => {
    expect(parseTyped(text)).toEqual(typed);
  });

  test('every verb explains itself, once', () => {
    const verbs = commands.map(({ verb }) => verb);
    expect(new Set(verbs).size).toBe(verbs.length);
    expect(
      commands.every(({ usage, verb, summary }) => usage.startsWith(verb) && summary.endsWith('.')),
    ).toBe(true);
  });
});

describe('/rabbit status', () => {
  test('says how each node answers, how the cluster is split, and what is open', async () => {
    const world = createWorld();
    await swept(world);
    await world.open();
    expect(await aloud(status, askedIn(world))).toMatchInlineSnapshot(`
      "# prod-a: 1 open incident, P1
      rabbit@ctl1: answers, RabbitMQ 3.12.1
      rabbit@ctl2: answers, RabbitMQ 3.12.1
      rabbit@ctl3: answers, RabbitMQ 3.12.1
      Split into 2 sides: rabbit@ctl1 + rabbit@ctl2 | rabbit@ctl3
      2 queues, 36,499 messages ready, 0 connections
      *Open incidents*
      INC-0412 P1 prod-a: ctl3 is cut off from ctl1 + ctl2. (open for 4 s)
      ~ Last sweep 4 s ago, at <!date^1795316400^{time_secs}|03:00:00 UTC>; it took 42 ms."
    `);
  });

  test('of a quiet cluster says healthy', async () => {
    const world = createWorld();
    await swept(world);
    expect(await aloud(status, askedIn(world))).toMatch(/^# prod-a: healthy\n/);
  });

  test('does not call healthy what could not be seen', async () => {
    const world = createWorld();
    const [first, ...rest] = split.snapshot.nodes;
    const message = 'GET /api/nodes: connection refused';
    const silent = { kind: 'silent' as const, why: 'refused' as const, message };
    const nodes = first === undefined ? [] : [{ ...first, answer: silent }, ...rest];
    await swept(world, { ...split, snapshot: { ...split.snapshot, nodes } });
    const text = await aloud(status, askedIn(world));
    expect(text).toMatch(/^# prod-a: nothing wrong found, but not everything could be checked\n/);
    expect(text).toContain(`rabbit@ctl1: no answer - ${message}`);
  });

  test('says that repairs are halted', async () => {
    const world = createWorld();
    await swept(world);
    await world.stores.halts.halt('prod-a', ALICE);
    expect(await aloud(status, askedIn(world))).toContain(
      '*Halted:* Alice Anderson halted all repairs on prod-a at',
    );
  });
});

describe('the digest', () => {
  test('is for the one who asks, and for the channel with “now”', async () => {
    const world = createWorld();
    expect(await aloud(digest, askedIn(world))).toMatch(/^# RabbitMQ digest\n/);
    expect(await aloud(digest, askedIn(world, ['later']))).toMatch(/^I do not understand “later”\./);
    expect(world.slack.messages).toEqual([]);
    expect(world.stores.kept.audit).toEqual([]);
    expect(await aloud(digest, askedIn(world, ['now']))).toBe('The digest is posted.');
    expect(world.slack.messages).toMatchObject([{ channel: CHANNEL }]);
  });
});

describe('a command that means one of many clusters', () => {
  const help = commands.find(({ verb }) => verb === 'help');
  const runbooks = commands.find(({ verb }) => verb === 'runbooks');
  if (help === undefined || runbooks === undefined) {
    throw new Error('no such command');
  }
  test.each([
    [help, 'halt', /^\/rabbit halt \[cluster\] - Halt every repair now/],
    [help, 'hatl', /^No command named “hatl”\. Did you mean halt\?$/],
    [
      runbooks,
      'partition',
      /^# .* \(partition\)\n.*\nReported after .*\nIt proposes a repair, which needs approval\.$/s,
    ],
    [runbooks, 'partiton', /^No runbook named “partiton”\. Did you mean partition\?$/],
  ])('%o', async (command, word, told) => {
    expect(await aloud(command, askedIn(createWorld(), [word]))).toMatch(told);
  });
});

test('status counts what another incident explains beside those that stand alone', async () => {
  const world = createWorld();
  await swept(world);
  await world.open();
  await world.open({ id: 'INC-0413', key: 'down', mutedBy: openIncident.id });
  expect(await aloud(status, askedIn(world))).toContain(
    '1 open incident, P1, and 1 explained by another incident',
  );
});

describe('the incidents that /rabbit lists', () => {
  test('name one that can be diagnosed only while one is open', async () => {
    const world = createWorld();
    expect(await aloud(incidents, askedIn(world))).toBe('# No open incident');
    await world.open();
    expect(await aloud(incidents, askedIn(world))).toContain('For example: /rabbit run partition ');
  });

  test('that are over say what explained them', async () => {
    const world = createWorld();
    const resolved = { ...openIncident, state: 'resolved' as const, resolvedAtMs: world.clock.now() };
    await world.stores.incidents.put(resolved, 0, undefined);
    await world.stores.incidents.put({ ...resolved, id: 'INC-0413', mutedBy: resolved.id }, 0, undefined);
    const reply = await incidents.run(askedIn(world));
    expect(reply.text).toBe('No open incident, 1 resolved in the last 24 hours.');
    expect(readAloud(reply.blocks ?? [])).toMatch(
      /INC-0413 .*\(resolved 0 s ago after \d+ s, explained by INC-0412\)/,
    );
  });
});

describe('status under maintenance', () => {
  test('says until when, and who announced it', async () => {
    const world = createWorld();
    await swept(world);
    const untilMs = world.clock.now() + 3_600_000;
    await world.stores.maintenance.begin('prod-a', { by: ALICE, untilMs });
    expect(await aloud(status, askedIn(world))).toMatch(
      /\*Maintenance\* until <!date.*>, announced by Alice Anderson: alerts are posted without notification\./,
    );
  });

  test('says that the calendar announced it', async () => {
    const cron = { cron: '0 3 * * *', timezone: 'UTC', durationMs: 3_600_000 };
    const world = createWorld({ config: { maintenance: [cron] } });
    await swept(world);
    expect(await aloud(status, askedIn(world))).toContain(', set in the configuration: alerts');
  });
});

test('queues names the fullest and how many consumers they have', async () => {
  const world = createWorld();
  await swept(world);
  expect(await aloud(queues, askedIn(world))).toContain(
    '36,496 messages, 0 consumers: scheduler_fanout_4f\n3 messages, 2 consumers: conductor',
  );
});

test('break lists its faults line by line, and says what was meant', async () => {
  const faults = '  node-down     a node dies\n  partition     a split';
  const server = createServer((_request, response) => {
    response.statusCode = 400;
    response.end(JSON.stringify({ text: `There is no fault "x". Faults:\n${faults}` }));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const { port } = server.address() as AddressInfo;
    const world = createWorld({ config: { sandbox: { controlUrl: `http://127.0.0.1:${port}` } } });
    const list = 'node-down: a node dies\npartition: a split';
    expect(await aloud(breakIt, askedIn(world))).toBe(
      `Which fault? For example /rabbit break partition.\n${list}`,
    );
    expect(await aloud(breakIt, askedIn(world, ['partion']))).toBe(
      `No fault named “partion”. Did you mean /rabbit break partition?\n${list}`,
    );
  } finally {
    server.close();
  }
});

test('break and heal reach the sandbox, and say what it said', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      asked.push(`${request.url} ${request.headers['content-type']} ${body}`);
      response.statusCode = request.url === '/heal' ? 200 : 400;
      response.end(JSON.stringify({ text: `sandbox heard ${request.url}` }));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const { port } = server.address() as AddressInfo;
    const world = createWorld({ config: { sandbox: { controlUrl: `http://127.0.0.1:${port}` } } });
    expect(await aloud(breakIt, askedIn(world, ['partition']))).toBe('sandbox heard /break');
    expect(await aloud(heal, askedIn(world))).toBe('sandbox heard /heal');
    expect(asked).toEqual(['/break application/json {"fault":"partition"}', '/heal application/json {}']);
  } finally {
    server.close();
  }
});

describe('/rabbit audit', () => {
  async function withEntries(count: number): Promise<World> {
    const world = createWorld();
    await world.open();
    for (let index = 1; index <= count; index += 1) {
      await world.stores.audit.append({
        atMs: world.clock.now() + index * 1_000,
        actor: index % 2 === 0 ? ALICE : 'watership',
        event: 'run.voted',
        incident: 'INC-0412',
        text:
          index % 2 === 0
            ? `${ALICE} approved, ${index} of 14.`
            : `Step ${index}: <!channel> *bold* ${'x'.repeat(200)}`,
      });
    }
    return world;
  }

  test('shows the newest entries on one screen of a phone, and says how many more there are', async () => {
    const told = await aloud(audit, askedIn(await withEntries(14), ['inc-0412']));
    const lines = told.split('\n');
    expect(lines[0]).toBe('# Audit: INC-0412');
    expect(lines).toContain('03:00:14 Alice Anderson approved, 14 of 14.');
    expect(told).not.toContain('03:00:01');
    expect(told).toContain(
      'Times are in UTC. 6 earlier entries not shown. At a terminal: watership audit --incident INC-0412',
    );
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(130);
    }
    expect(lines.length).toBeLessThanOrEqual(10);
  });

  test('is of today when nothing is named, and says when there is nothing', async () => {
    const world = await withEntries(1);
    const told = await aloud(audit, askedIn(world));
    expect(told).toContain('# Audit: today (UTC)');
    expect(told).toContain('All entries are shown.');
    expect(told).not.toContain('watership audit');
    world.clock.pass(24 * 3_600_000);
    expect(await aloud(audit, askedIn(world))).toBe('No audit entries for today (UTC).');
    expect(await aloud(audit, askedIn(world, ['RUN-9']))).toBe('No audit entries for RUN-9.');
    expect(await aloud(audit, askedIn(world, ['yesterday']))).toContain('Unknown word “yesterday”');
    expect(await aloud(audit, askedIn(world, ['today', 'export']))).toContain('A report covers one incident');
  });

  test('puts the report of an incident into its thread, whole', async () => {
    const world = await withEntries(60);
    const asked = askedIn(world, ['INC-0412', 'export']);
    expect(await aloud(audit, asked)).toContain('INC-0412 has no message in Slack.');
    await world.stores.cards.put('INC-0412', { channel: CHANNEL, ts: '7.0', shown: '', told: 0 });
    expect(await aloud(audit, asked)).toMatch(/The report of INC-0412 is in its thread, in \d+ messages\./);
    const { messages } = world.slack;
    expect(messages.length).toBeGreaterThan(2);
    expect(messages.every(({ threadTs }) => threadTs === '7.0')).toBe(true);
    const whole = messages.map(({ blocks }) => readAloud(blocks ?? [])).join('\n');
    expect(whole).toContain('# INC-0412: ');
    expect(whole).toContain('Alice Anderson approved, 60 of 14.');
    expect(whole).not.toContain('<!channel>');
  });
});
