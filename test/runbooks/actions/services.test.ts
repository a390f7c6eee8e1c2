import { describe, expect, test } from 'vitest';
import type { ConnectionRow, ManagementApi } from '../../../src/rpc/index.ts';
import type { HostRequest } from '../../../src/runbooks/index.ts';
import { api, failure, silent, stage } from './fakes.ts';

const name = '10.3.0.35:32803 -> 10.3.0.44:5672';
const open: ConnectionRow = { name, node: 'rabbit@b', clientName: 'nova-compute:4242:0f0e' };
const close = { action: 'connection.close', args: { name } };

const knowing = (row: ConnectionRow | undefined): Partial<ManagementApi> => ({
  connection: () => Promise.resolve(row),
});

describe('closing a connection', () => {
  test('is described with the exact request', () => {
    expect(stage([]).actions.describe(close)).toEqual({
      text:
        `Close the connection "${name}", with the incident as the reason: ` +
        'DELETE /api/connections/10.3.0.35%3A32803%20-%3E%2010.3.0.44%3A5672',
      tier: 'reversible',
    });
  });

  test('goes to a node that knows it, with a reason that fits into a header', async () => {
    const reasons: string[] = [];
    const { actions } = stage([
      api('rabbit@a', knowing(undefined)),
      api('rabbit@b', {
        ...knowing(open),
        closeConnection: (_, { reason }) => {
          reasons.push(reason);
          return Promise.resolve({ kind: 'accepted' });
        },
      }),
    ]);
    expect(await actions.precheck(close)).toEqual({ go: true });
    expect(await actions.execute(close, 'INC-1\r\nX-Evil: 1 é')).toEqual({
      kind: 'applied',
      detail: 'closed through rabbit@b',
    });
    await actions.execute(close, 'x'.repeat(300));
    expect(reasons).toEqual(['INC-1??X-Evil: 1 ?', 'x'.repeat(200)]);
  });

  test('a connection that is gone everywhere is no obstacle; one that a silent node may hold is', async () => {
    const gone = api('rabbit@a', {
      ...knowing(undefined),
      closeConnection: () => Promise.resolve({ kind: 'absent' }),
    });
    expect(await stage([gone]).actions.precheck(close)).toMatchObject({ go: true });
    expect(await stage([gone]).actions.execute(close, 'x')).toMatchObject({ kind: 'applied' });
    const deaf = api('rabbit@b', { connection: silent() });
    expect(await stage([gone, deaf]).actions.precheck(close)).toMatchObject({ go: false });
    expect(await stage([deaf]).actions.execute(close, 'x')).toMatchObject({ kind: 'refused' });
    expect(await stage([]).actions.precheck(close), 'nobody was asked').toMatchObject({ go: false });
  });

  test('an answer that does not come leaves it unknown', async () => {
    const { actions } = stage([
      api('rabbit@a', { ...knowing(open), closeConnection: () => Promise.reject(failure('timeout')) }),
    ]);
    expect((await actions.execute(close, 'x')).kind).toBe('unknown');
  });

  test('is settled after the listing has had time to forget it', async () => {
    let looks = 0;
    const leaving = api('rabbit@a', {
      connection: () => {
        looks += 1;
        return Promise.resolve(looks > 3 ? undefined : open);
      },
    });
    const { actions, sleptMs } = stage([leaving]);
    expect((await actions.reconcile(close)).kind).toBe('done');
    expect(sleptMs()).toBeGreaterThan(0);

    const staying = stage([api('rabbit@a', knowing(open))]);
    expect((await staying.actions.reconcile(close)).kind).toBe('not-done');
    expect(staying.sleptMs()).toBeGreaterThanOrEqual(10_000);
    const half = stage([api('rabbit@a', knowing(undefined)), api('rabbit@b', { connection: silent() })]);
    expect((await half.actions.reconcile(close)).kind).toBe('unknown');
  });
});

const restart = { action: 'service.restart', args: { host: 'ctl1', service: 'nova-compute', pid: '4242' } };

describe('restarting a service', () => {
  test('is described with the exact command of its host', () => {
    expect(stage([]).actions.describe(restart)).toEqual({
      text: 'Restart nova-compute (process 4242) on host ctl1:\nsystemctl restart nova-compute',
      tier: 'reversible',
    });
  });

  test('runs that command once', async () => {
    const { actions, ran } = stage([]);
    expect(await actions.precheck(restart)).toEqual({ go: true });
    expect(await actions.execute(restart, 'x')).toMatchObject({ kind: 'applied' });
    expect(ran).toEqual([
      { host: 'ctl1', operation: 'service.restart', args: { service: 'nova-compute', pid: '4242' } },
    ]);
  });

  test.each([
    [
      { kind: 'failed', exitCode: 5, output: 'one\n\n two \nthree\nUnit not found.\n' },
      'refused',
      'two / three / Unit',
    ],
    [{ kind: 'failed', exitCode: 1, output: '' }, 'refused', 'no output'],
    [{ kind: 'unknown', because: 'too long' }, 'unknown', 'too long'],
    [{ kind: 'not-started', because: 'no such program' }, 'refused', 'Nothing was started: no such program'],
  ] as const)('%j from the host is %s', async (answer, kind, because) => {
    const outcome = await stage([], () => answer).actions.execute(restart, 'x');
    expect(outcome).toMatchObject({ kind, because: expect.stringContaining(because) });
  });

  test('of a host or service that cannot be is refused before anything runs', async () => {
    const { actions, ran } = stage([]);
    for (const args of [
      { host: 'ctl9', service: 'nova-compute' },
      { host: 'ctl1', service: 'nova; reboot' },
      { host: 'ctl1', service: '--all' },
    ]) {
      const call = { action: 'service.restart', args };
      expect((await actions.precheck(call)).go).toBe(false);
      expect(actions.describe(call).text).toContain('has no command');
    }
    expect(ran).toEqual([]);
  });

  test('is settled only by the connections of the process: gone on every node', async () => {
    const settle = async (
      call: typeof restart | { action: string; args: { host: string; service: string } },
      ...rows: readonly ManagementApi['connections'][]
    ) =>
      (
        await stage(
          rows.map((connections, index) => api(`rabbit@${index}`, { connections })),
        ).actions.reconcile(call)
      ).kind;
    const here = () => Promise.resolve([open]);
    const other = () => Promise.resolve([{ ...open, clientName: 'nova-compute:99:4242' }]);
    expect(await settle(restart, other, other)).toBe('done');
    expect(await settle(restart, other, here)).toBe('unknown');
    expect(await settle(restart, other, silent())).toBe('unknown');
    expect(await settle({ action: 'service.restart', args: { host: 'ctl1', service: 'nova' } }, other)).toBe(
      'unknown',
    );
  });

  test.each([
    [{ kind: 'answered', answer: { kind: 'done', exitCode: 0, output: '' } }, 'done'],
    [{ kind: 'answered', answer: { kind: 'failed', exitCode: 5, output: 'no unit' } }, 'not-done'],
    [{ kind: 'answered', answer: { kind: 'not-started', because: 'no program' } }, 'not-done'],
    [{ kind: 'answered', answer: { kind: 'unknown', because: 'too long' } }, 'unknown'],
    [{ kind: 'never', because: 'it never came' }, 'not-done'],
    [{ kind: 'unknown', because: 'interrupted' }, 'unknown'],
  ] as const)('is settled by what its host remembers: %j is %s', async (memory, kind) => {
    const asked: HostRequest[] = [];
    const { actions } = stage(
      [api('rabbit@a', { connections: () => Promise.resolve([open]) })],
      undefined,
      (request) => {
        asked.push(request);
        return memory;
      },
    );
    const entry = { id: 'prod/RUN-0001/1/0/1', intendedAtMs: 5 };
    expect((await actions.reconcile(restart, entry)).kind).toBe(kind);
    expect(asked).toMatchObject([{ host: 'ctl1', operation: 'service.restart', entry }]);
  });

  test('carries the line of the ledger to its host', async () => {
    const { actions, ran } = stage([]);
    const entry = { id: 'prod/RUN-0001/1/0/1', intendedAtMs: 5 };
    await actions.execute(restart, 'x', entry);
    await actions.execute(restart, 'x');
    expect(ran.map((request) => request.entry)).toEqual([entry, undefined]);
  });

  test('takes the process as a number too', () => {
    const call = { action: 'service.restart', args: { host: 'ctl1', service: 'nova', pid: 7 } };
    expect(stage([]).actions.describe(call).text).toContain('(process 7)');
  });
});
