import { describe, expect, test } from 'vitest';
import { TooManyConflicts, untilStored, WRITE_ATTEMPTS } from '../../../src/bot/stores/until-stored.ts';

/** One stored number that others change as often as they like, between our reading and our writing. */
function contested(othersFirst: number) {
  let value = 0;
  let version = 0;
  let others = 0;
  const put = (next: number, expected: number): 'stored' | 'conflict' => {
    if (others < othersFirst) {
      others += 1;
      value += 100;
      version += 1;
    }
    if (version !== expected) {
      return 'conflict';
    }
    [value, version] = [next, version + 1];
    return 'stored';
  };
  return {
    read: () => ({ value, version }),
    async addOne(): Promise<{ readonly wrote: number } | 'conflict'> {
      const read = { value, version };
      return put(read.value + 1, read.version) === 'stored' ? { wrote: read.value + 1 } : 'conflict';
    },
  };
}

describe('an optimistic change', () => {
  test('is stored at once where nobody comes between', async () => {
    const { addOne, read } = contested(0);
    expect(await untilStored('RUN-1', addOne)).toEqual({ wrote: 1 });
    expect(read()).toEqual({ value: 1, version: 1 });
  });

  test('reads and decides anew after each conflict, and keeps what the others wrote', async () => {
    const { addOne, read } = contested(3);
    expect(await untilStored('RUN-1', addOne)).toEqual({ wrote: 301 });
    expect(read()).toEqual({ value: 301, version: 4 });
  });

  test('is stored at the last attempt', async () => {
    const { addOne, read } = contested(WRITE_ATTEMPTS - 1);
    await untilStored('RUN-1', addOne);
    expect(read().version).toBe(WRITE_ATTEMPTS);
  });

  test('is given up with the name of what it was about, and nothing of it is written', async () => {
    const { addOne, read } = contested(WRITE_ATTEMPTS);
    const failed = untilStored('RUN-1', addOne);
    await expect(failed).rejects.toThrow(TooManyConflicts);
    await expect(failed).rejects.toThrow(`RUN-1 was changed by others ${WRITE_ATTEMPTS} times in a row`);
    expect(read()).toEqual({ value: WRITE_ATTEMPTS * 100, version: WRITE_ATTEMPTS });
  });

  test('that ends without a write is not tried again', async () => {
    let asked = 0;
    const answer = await untilStored('RUN-1', async () => {
      asked += 1;
      return undefined;
    });
    expect([answer, asked]).toEqual([undefined, 1]);
  });

  test('that fails is not tried again: whether it was stored is not known', async () => {
    let asked = 0;
    const failed = untilStored('RUN-1', async () => {
      asked += 1;
      throw new Error('Redis is away');
    });
    await expect(failed).rejects.toThrow('Redis is away');
    expect(asked).toBe(1);
  });
});
