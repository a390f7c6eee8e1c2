import { expect, test } from 'vitest';
import { openAgents } from '../../../src/bot/cluster/agents.ts';
import { systemClock } from '../../../src/bot/process/system-clock.ts';

test('a broker of the agents that is away means: not sent, and says why without the password', async () => {
  const agents = openAgents({ transportUrl: 'rabbit://bot:hunter2@127.0.0.1:1/agents', clock: systemClock });
  try {
    const carried = await agents.port.call('compute-7', 'host_facts', {}, { timeoutMs: 5_000 });
    expect(carried).toMatchObject({ kind: 'not-sent', because: expect.stringContaining('ECONNREFUSED') });
    expect(JSON.stringify(carried)).not.toContain('hunter2');
    const off = { timeoutMs: 5_000, signal: AbortSignal.abort() };
    expect(await agents.port.call('compute-7', 'host_facts', {}, off)).toMatchObject({ kind: 'not-sent' });
  } finally {
    await agents.close();
  }
});
