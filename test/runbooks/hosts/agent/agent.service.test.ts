import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentOrderOf } from '../../../../src/runbooks/hosts/agent/allow-list.ts';
import { isProofOfNothing, refusals, replySchema } from '../../../../src/runbooks/hosts/agent/protocol.ts';
import { sign } from '../../../../src/runbooks/hosts/agent/signature.ts';
import { agentFactsSchema } from '../../../../src/runbooks/index.ts';
import { KEY, NOON_MS, OTHER_KEY, type Pair, pair, restartOf, type Sent, settings } from './pair.ts';

/** What a reply says, whether it is signed or not. */
function resultIn(reply: unknown) {
  const read = replySchema.parse(reply);
  return 'answer' in read ? read.answer.result : read;
}

/** A message that was captured and changed, signed anew by somebody who has the key. */
function forged({ host, method, text }: Sent, changes: object, key = KEY): Sent {
  const request = { ...JSON.parse(text).request, ...changes };
  return { host, method, text: JSON.stringify({ request, signature: sign('request', request, key) }) };
}

const fresh = (digit: string) => ({ nonce: digit.repeat(32) });

async function firstSent(both: Pair): Promise<Sent> {
  await both.ask(restartOf(both));
  const [sent] = both.sent;
  if (sent === undefined) {
    throw new Error('nothing was sent');
  }
  return sent;
}

describe('an agent', () => {
  test('does what it is asked with its own command, and signs that it has', async () => {
    await using both = await pair();
    expect(await both.ask(restartOf(both))).toEqual({
      kind: 'done',
      exitCode: 0,
      output: 'restarted nova-compute\n',
    });
    expect(both.told).toMatchObject([{ method: 'service_restart', outcome: 'done', isRefused: false }]);
  });

  test('tells facts, its clock and what it may do', async () => {
    await using both = await pair();
    const answer = await both.ask({ operation: 'host.facts', args: {} });
    const facts = agentFactsSchema.parse(JSON.parse('output' in answer ? answer.output : ''));
    expect(facts).toMatchObject({ clockMs: both.clock.nowMs, allow: { restart: ['nova-compute'] } });
  });

  test('answers with either of two keys while they are changed, and signs with the first', async () => {
    await using both = await pair({ keys: [OTHER_KEY, KEY] });
    expect((await both.ask(restartOf(both), { timeoutMs: 9_000 }, [KEY, OTHER_KEY])).kind).toBe('done');
    const silent = await both.ask(restartOf(both, 'b'), { timeoutMs: 9_000 }, [KEY]);
    expect(silent).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('not signed with a key'),
    });
  });

  test('refuses a captured message that is sent again, at once and after a restart', async () => {
    await using both = await pair();
    const captured = await firstSent(both);
    expect(resultIn(await both.deliver(captured))).toMatchObject({ kind: 'refused', code: 'replayed' });
    await both.restart();
    expect(resultIn(await both.deliver(captured))).toMatchObject({ kind: 'refused', code: 'replayed' });
    both.clock.nowMs += 30 * 60_000;
    await both.restart();
    expect(resultIn(await both.deliver(captured)).kind).toBe('refused');
    expect(both.told.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
  });

  test('refuses a captured look as well, and does not hand the file to whoever plays it again', async () => {
    await using both = await pair();
    await both.ask({ operation: 'file.read', args: { path: '/etc/hostname' } });
    const [captured] = both.sent;
    if (captured === undefined) {
      throw new Error('nothing was sent');
    }
    await both.restart();
    expect(resultIn(await both.deliver(captured))).toMatchObject({ kind: 'refused', code: 'replayed' });
  });

  test('does not let in later what it has refused: a clock may be set right in between', async () => {
    await using both = await pair();
    both.agentAheadMs = 90_000;
    const captured = await firstSent(both);
    both.agentAheadMs = 0;
    expect(resultIn(await both.deliver(captured))).toMatchObject({ kind: 'refused', code: 'replayed' });
    expect(both.told.map(({ outcome }) => outcome)).toEqual(['stale', 'replayed']);
  });

  test('gives the same request, asked anew, the stored answer, also after a restart', async () => {
    await using both = await pair();
    const asked = restartOf(both);
    const first = await both.ask(asked);
    both.clock.nowMs += 100_000;
    expect(await both.ask(asked)).toEqual(first);
    await both.restart({ commands: {} });
    expect(await both.ask(asked)).toEqual(first);
  });

  test('refuses an id that was another request', async () => {
    await using both = await pair();
    await both.ask(restartOf(both));
    const other = { ...restartOf(both), args: { service: 'nova-compute', pid: '7' } };
    expect(await both.ask(other)).toMatchObject({
      kind: 'not-started',
      because: expect.stringContaining(
        'the agent on compute-7 refused: the id prod/RUN-0001/1/0/1/service.restart belongs to another request',
      ),
    });
  });

  test.each([
    ['another command', { argv: ['true'] }],
    ['another moment of the decision', { intendedAtMs: NOON_MS - 1 }],
  ])('takes the same id with %s for another request', async (_, changes) => {
    await using both = await pair();
    const captured = await firstSent(both);
    const result = resultIn(await both.deliver(forged(captured, { ...fresh('d'), ...changes })));
    expect(result).toMatchObject({ kind: 'refused', code: 'id-reused' });
  });

  test('proves with a refusal that nothing was done, unless it may have forgotten or may yet let it in', () => {
    expect(refusals.filter((code) => !isProofOfNothing(code))).toEqual([
      'replayed',
      'no-memory',
      'no-journal',
    ]);
  });

  test.each([
    ['older than a minute', { signedAtMs: -60_001 }, 'stale'],
    ['a minute old', { signedAtMs: -60_000 }, undefined],
    ['from a clock that is ahead', { signedAtMs: 5_001 }, 'from-the-future'],
    ['from a clock that is a little ahead', { signedAtMs: 5_000 }, undefined],
    ['from before the journal', { signedAtMs: -3_596_000 }, 'no-memory'],
    ['decided too long ago', { intendedAtMs: -60_001 }, 'too-late'],
    ['decided in the future', { intendedAtMs: 5_001 }, 'from-the-future'],
  ] as const)('a request %s is judged by its clock', async (_, offsets, code) => {
    await using both = await pair();
    const times = Object.fromEntries(
      Object.entries(offsets).map(([field, offset]) => [field, both.clock.nowMs + offset]),
    );
    const captured = await firstSent(both);
    const result = resultIn(await both.deliver(forged(captured, { ...fresh('a'), id: 'x', ...times })));
    expect('code' in result ? result.code : undefined).toBe(code);
  });

  test.each([
    ['for another host', { host: 'compute-8' }, 'other-host'],
    ['for a service that is not on its list', { args: { service: 'sshd' }, argv: ['x'] }, 'not-allowed'],
    ['that may only be looked at', { args: { service: 'neutron-agent' } }, 'not-allowed'],
    ['with an argument nobody knows', { args: { service: 'nova-compute', shell: 'x' } }, 'not-allowed'],
    ['with a command that is not its own', { argv: ['rm', '-rf', '/'] }, 'other-command'],
    ['without the command that was approved', { argv: undefined }, 'other-command'],
    ['whose method is another', { operation: 'service.status' }, 'malformed'],
  ] as const)('refuses a request %s, although it is signed', async (_, changes, code) => {
    await using both = await pair();
    const captured = await firstSent(both);
    const result = resultIn(await both.deliver(forged(captured, { ...fresh('b'), id: 'x', ...changes })));
    expect(result).toMatchObject({ kind: 'refused', code });
    expect(refusals).toContain(code);
  });

  test('lets no command run longer than its own limit, whatever the request says', async () => {
    const forever = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    await using both = await pair({ commands: { 'service.restart': forever }, commandMs: 50 });
    expect(await both.ask({ ...restartOf(both), argv: forever })).toMatchObject({
      kind: 'unknown',
      because: expect.stringContaining('did not end within 50 ms'),
    });
  });

  test('takes no name of a host from a request: it knows its own', () => {
    const commands = { 'service.restart': ['restart', '{service}', '{host}'] };
    const host = { name: 'compute-7', allow: settings.allow, commands };
    const args = { service: 'nova-compute', host: 'compute-8' };
    const order = (...argv: string[]) => agentOrderOf('service.restart', { args, argv }, host).kind;
    expect(order('restart', 'nova-compute', 'compute-7')).toBe('command');
    expect(order('restart', 'nova-compute', 'compute-8')).toBe('refused');
  });

  test('says a stranger nothing that is signed', async () => {
    await using both = await pair();
    const captured = await firstSent(both);
    const wrong = forged(captured, fresh('c'), OTHER_KEY);
    expect(await both.deliver(wrong)).toMatchObject({ kind: 'refused', code: 'bad-signature' });
    const changed = { ...captured, text: captured.text.replace('"nova-compute"', '"nova-computf"') };
    expect(await both.deliver(changed)).toMatchObject({ kind: 'refused', code: 'bad-signature' });
    for (const text of ['null', '[]', '{}', '"x"', '{"request":{},"signature":"x"}']) {
      expect(await both.deliver({ ...captured, text })).toMatchObject({ kind: 'refused', code: 'malformed' });
    }
  });

  test('looks only at services of its lists', async () => {
    await using both = await pair();
    const look = (service: string) =>
      both.ask({
        operation: 'service.status',
        args: { service },
        argv: [process.execPath, '-p', '"active"'],
      });
    expect((await look('nova-compute')).kind).toBe('done');
    expect((await look('neutron-agent')).kind).toBe('done');
    expect((await look('sshd')).kind).toBe('not-started');
  });

  test('does nothing when it cannot write down that it will', async () => {
    await using both = await pair();
    await both.restart({}, { entries: 0 });
    const answer = await both.ask(restartOf(both));
    expect(answer).toMatchObject({ kind: 'unknown', because: expect.stringContaining('nothing was done') });
    expect(both.told.map(({ outcome }) => outcome)).toContain('no-journal');
  });

  test('of two equal requests at once carries out one', async () => {
    await using both = await pair();
    const captured = await firstSent(both);
    const twin = (digit: string) =>
      both.deliver(forged(captured, { ...fresh(digit), id: 'twins/service.restart' }));
    const results = (await Promise.all([twin('1'), twin('2')])).map((reply) => resultIn(reply).kind);
    expect(results.toSorted()).toEqual(['done', 'unknown']);
  });
});

describe('an agent reads a file', () => {
  test('only from its list, only a regular one, through no link, and not a large one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-files-'));
    const at = (name: string) => join(folder, name);
    await writeFile(at('haproxy.cfg'), 'listen rabbit\n');
    await writeFile(at('secret'), 'hunter2');
    await symlink(at('secret'), at('link'));
    await symlink(folder, at('round'));
    await writeFile(at('large'), '');
    await truncate(at('large'), 256 * 1024 + 1);
    const read = ['haproxy.cfg', 'link', 'round/secret', 'large', 'none'].map(at);
    await using both = await pair({ allow: { restart: [], status: [], read: [...read, folder] } });
    const told = async (path: string) => {
      const answer = await both.ask({ operation: 'file.read', args: { path } });
      return `${answer.kind}: ${'output' in answer ? answer.output : answer.because}`;
    };
    expect(await told(at('haproxy.cfg'))).toBe('done: listen rabbit\n');
    expect(await told(at('secret'))).toContain('not-started: the agent on compute-7 refused');
    expect(await told(at('link'))).toContain('symbolic link');
    expect(await told(at('round/secret'))).toContain('symbolic link');
    expect(await told(folder)).toContain('failed: ');
    expect(await told(at('large'))).toContain('larger than');
    expect(await told(at('none'))).toContain('ENOENT');
    expect(await told(`${folder}/../${folder}/haproxy.cfg`)).toContain('not-started');
    await rm(folder, { recursive: true });
  });
});

describe('whatever comes in', () => {
  test('as arguments, nothing runs but the command of an allowed service', async () => {
    await using both = await pair();
    const captured = await firstSent(both);
    const before = both.told.filter(({ outcome }) => outcome === 'done').length;
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'nova-compute; reboot',
        '$(reboot)',
        '--all',
        '../../bin/sh',
        'nova-compute\n',
        '__proto__',
      ),
    );
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.oneof(fc.constantFrom('service', 'pid', 'path', 'host'), fc.string()), hostile),
        async (args) => {
          fc.pre(args['service'] !== 'nova-compute');
          number += 1;
          const nonce = number.toString(16).padStart(32, '0');
          const result = resultIn(await both.deliver(forged(captured, { nonce, id: `h/${number}`, args })));
          expect(result.kind).toBe('refused');
        },
      ),
      { numRuns: 200 },
    );
    expect(both.told.filter(({ outcome }) => outcome === 'done')).toHaveLength(before);
  });

  test('as a message, the answer is a refusal', async () => {
    await using both = await pair();
    const captured = await firstSent(both);
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        expect(resultIn(await both.deliver({ ...captured, text })).kind).toBe('refused');
      }),
    );
  });
});
