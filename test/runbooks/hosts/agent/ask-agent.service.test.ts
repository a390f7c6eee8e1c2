import { describe, expect, test } from 'vitest';
import { recallFromAgent } from '../../../../src/runbooks/hosts/agent/ask-agent.ts';
import { replySchema } from '../../../../src/runbooks/hosts/agent/protocol.ts';
import { sign } from '../../../../src/runbooks/hosts/agent/signature.ts';
import { type HostSettings, openHosts } from '../../../../src/runbooks/index.ts';
import { KEY, OTHER_KEY, type Pair, pair, restartOf, settings } from './pair.ts';

const agent = { host: 'compute-7', keys: [KEY] } as const;
const limits = { timeoutMs: 5_000 };
const signed = (answer: object) => ({ answer, signature: sign('answer', answer, KEY) });
const runs = ({ told }: Pair) =>
  told.filter(({ method, outcome }) => method === 'service_restart' && outcome === 'done').length;

describe('a request to an agent', () => {
  test('that surely was not sent was not started', async () => {
    await using both = await pair();
    both.onTheWay = async () => ({ kind: 'not-sent', because: 'no agent listens' });
    expect(await both.ask(restartOf(both))).toEqual({ kind: 'not-started', because: 'no agent listens' });
  });

  test('whose answer was lost is settled by the journal', async () => {
    await using both = await pair();
    both.onTheWay = async (sent, deliver) => {
      const reply = await deliver();
      return sent.method === 'service_restart'
        ? { kind: 'no-answer', because: 'the connection was lost' }
        : { kind: 'answered', reply };
    };
    expect(await both.ask(restartOf(both))).toMatchObject({
      kind: 'done',
      output: 'restarted nova-compute\n',
    });
    expect(both.sent.map(({ method }) => method)).toEqual(['service_restart', 'request_outcome']);
    expect(runs(both)).toBe(1);
  });

  test('that was lost is not started, but only once it could not be started any more', async () => {
    await using both = await pair();
    both.onTheWay = async ({ method }, deliver) =>
      method === 'service_restart'
        ? { kind: 'no-answer', because: 'no answer' }
        : { kind: 'answered', reply: await deliver() };
    const early = await both.ask(restartOf(both), { timeoutMs: 30_000 });
    expect(early).toMatchObject({ kind: 'unknown', because: expect.stringContaining('no answer') });
    const late = await both.ask(restartOf(both, 'b'), { timeoutMs: 90_000 });
    expect(late).toEqual({
      kind: 'not-started',
      because: 'the request never reached the agent on compute-7',
    });
    expect(runs(both)).toBe(0);
  });

  test('of an agent that died over it is unknown at once', async () => {
    await using both = await pair();
    let isBefore = true;
    both.onTheWay = async (sent, deliver) => {
      if (!isBefore) {
        return { kind: 'answered', reply: await deliver() };
      }
      isBefore = false;
      // It is intended, and still runs, when the process goes.
      const running = both.deliver(sent);
      await both.restart();
      await running;
      return { kind: 'no-answer', because: 'the connection was lost' };
    };
    const answer = await both.ask(restartOf(both));
    expect(answer).toMatchObject({ kind: 'unknown', because: expect.stringContaining('was interrupted') });
  });

  test('that nobody answers is unknown, and is not asked about for ever', async () => {
    await using both = await pair();
    both.onTheWay = async () => ({ kind: 'no-answer', because: 'no answer within 26000 ms' });
    expect((await both.ask(restartOf(both))).kind).toBe('unknown');
    expect(both.sent).toHaveLength(4);
  });

  test.each([
    ['a refusal without a signature', () => ({ kind: 'refused', code: 'not-allowed', because: 'no' })],
    ['what is no answer', () => 'done'],
    [
      'an answer of another key',
      (answer: object) => ({ answer, signature: sign('answer', answer, OTHER_KEY) }),
    ],
    ['an answer to another request', (answer: object) => signed({ ...answer, nonce: '0'.repeat(32) })],
    ['an answer of another host', (answer: object) => signed({ ...answer, host: 'compute-8' })],
    ['an answer of another id', (answer: object) => signed({ ...answer, id: 'other' })],
    [
      'a request that is taken for an answer',
      (answer: object) => ({ answer, signature: sign('request', answer, KEY) }),
    ],
  ])('is not believed to be answered by %s', async (_, forge) => {
    await using both = await pair();
    both.onTheWay = async ({ method, text }, deliver) => {
      const reply = await deliver();
      if (method !== 'service_restart') {
        return { kind: 'answered', reply };
      }
      const { id, nonce, host } = JSON.parse(text).request;
      const result = { kind: 'not-started', because: 'forged' };
      const answer = { version: 1, host, id, nonce, answeredAtMs: both.clock.nowMs, result };
      return { kind: 'answered', reply: forge(answer) };
    };
    // The agent's own word is asked for, and is that it is done.
    expect((await both.ask(restartOf(both))).kind).toBe('done');
    expect(runs(both)).toBe(1);
  });

  test('that a stranger plays again to have it refused is not taken for not started', async () => {
    await using both = await pair();
    both.onTheWay = async (sent, deliver) => {
      const reply = await deliver();
      return { kind: 'answered', reply: sent.method === 'service_restart' ? await deliver() : reply };
    };
    expect((await both.ask(restartOf(both))).kind).toBe('done');
    expect(runs(both)).toBe(1);
  });

  test('says whose clock is wrong', async () => {
    await using both = await pair();
    both.agentAheadMs = 90_000;
    expect(await both.ask(restartOf(both))).toEqual({
      kind: 'not-started',
      because:
        "the agent on compute-7 refused: the request is 1 min 30 s old by this host's clock; compare the clocks of both machines",
    });
    expect(both.sent).toHaveLength(1);
  });

  test('with another key is unknown, and tells that nobody signed the refusal', async () => {
    await using both = await pair();
    const answer = await both.ask(restartOf(both), { timeoutMs: 30_000 }, [OTHER_KEY]);
    expect(answer).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining(
        'service.restart was sent to the agent on compute-7: a refusal without a signature: the signature was not made with a key of this agent',
      ),
    });
    expect(runs(both)).toBe(0);
  });

  test('that was called off is not asked about', async () => {
    await using both = await pair();
    const off = AbortSignal.abort();
    both.onTheWay = async () => ({ kind: 'no-answer', because: 'called off' });
    expect((await both.ask(restartOf(both), { timeoutMs: 30_000, signal: off })).kind).toBe('unknown');
    expect(both.sent).toHaveLength(1);
  });
});

describe('what an agent remembers', () => {
  const recall = (both: Pair, id?: string) => recallFromAgent(both.port, agent, restartOf(both, id), limits);

  test('is the answer of what was done', async () => {
    await using both = await pair();
    const asked = restartOf(both);
    await both.ask(asked);
    both.clock.nowMs += 500_000;
    expect(await recallFromAgent(both.port, agent, asked, limits)).toMatchObject({
      kind: 'answered',
      answer: { kind: 'done' },
    });
  });

  test('of what never came proves something only once it would come too late', async () => {
    await using both = await pair();
    const asked = restartOf(both);
    expect((await recallFromAgent(both.port, agent, asked, limits)).kind).toBe('unknown');
    both.clock.nowMs += 61_000;
    expect((await recallFromAgent(both.port, agent, asked, limits)).kind).toBe('never');
    expect((await recall(both)).kind).toBe('unknown');
  });

  test('of what it is still at proves nothing, however late it is', async () => {
    await using both = await pair();
    const asked = restartOf(both);
    both.clock.nowMs += 61_000;
    both.onTheWay = async (_, deliver) => {
      const { answer } = replySchema.parse(await deliver()) as { answer: object };
      const result = { kind: 'outcome', state: 'running', sinceMs: 0 };
      return { kind: 'answered', reply: signed({ ...answer, result }) };
    };
    expect(await recallFromAgent(both.port, agent, asked, limits)).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('the agent on compute-7 is still running it'),
    });
  });

  test('does not reach back before its journal', async () => {
    await using both = await pair();
    const asked = { ...restartOf(both), entry: { id: 'x', intendedAtMs: both.clock.nowMs - 3_600_000 } };
    expect(await recallFromAgent(both.port, agent, asked, limits)).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('does not reach back'),
    });
  });
});

describe('a host that is reached by its agent', () => {
  const server: HostSettings = {
    via: 'agent',
    preset: 'custom',
    operations: { 'service.restart': settings.commands['service.restart'] ?? [] },
    addresses: ['10.3.0.7'],
    keys: [KEY],
  };
  const request = {
    host: '10.3.0.7',
    operation: 'service.restart',
    args: { service: 'nova-compute' },
  } as const;

  test('shows its command, carries it out under the line of the ledger, and remembers', async () => {
    await using both = await pair();
    const hosts = openHosts({ 'compute-7': server }, { agents: both.port });
    const entry = { id: 'prod/RUN-0001/1/0/1', intendedAtMs: both.clock.nowMs };
    expect(hosts.argvOf(request)).toEqual([process.execPath, '-p', '"restarted nova-compute"']);
    expect((await hosts.run({ ...request, entry }, limits)).kind).toBe('done');
    expect(both.told[0]?.id).toBe('prod/RUN-0001/1/0/1/service.restart');
    expect(await hosts.recall?.({ ...request, entry }, limits)).toMatchObject({ kind: 'answered' });
    expect(await hosts.recall?.(request, limits)).toMatchObject({ kind: 'unknown' });
  });

  test('is asked for nothing that an agent does not do, and nothing hostile', async () => {
    await using both = await pair();
    const hosts = openHosts({ 'compute-7': server }, { agents: both.port });
    const none = openHosts({ 'compute-7': server });
    for (const answer of [
      await hosts.run({ ...request, operation: 'node.stop', args: { node: 'rabbit@a' } }, limits),
      await hosts.run({ ...request, args: { service: 'x; reboot' } }, limits),
      await hosts.run({ ...request, operation: 'service.status' }, limits),
      await none.run(request, limits),
    ]) {
      expect(answer.kind).toBe('not-started');
    }
    expect(both.sent).toEqual([]);
    expect(hosts.argvOf({ ...request, operation: 'node.stop', args: { node: 'rabbit@a' } })).toBeUndefined();
  });
});
