import type { Redis } from 'ioredis';

/**
 * How long a command may wait for a connection that broke, counted from the break, milliseconds. A connection that is opened anew
 * (a late sentinel tells of a failover that is over, a server is restarted) is back within a few hundred; and Slack takes the answer
 * to a submitted window for three seconds only, in which the votes still have to be counted. Whatever is away for longer is told at
 * once to everybody who asks.
 */
export const RECONNECT_LIMIT_MS = 1_500;

/** Redis cannot be reached, and has not carried out the command. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway';
}

/** The connection broke after a change was sent: whether Redis has it is not known, so it is not sent again. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Connection of the stores: every command goes one of two ways, because a broken connection means another thing to each. */
export interface StoreConnection {
  /** Sends what only reads. Asked again when its answer was lost. @throws RedisAway */
  read<Answer>(ask: (redis: Redis) => Promise<Answer>): Promise<Answer>;
  /**
   * Sends one change. It is sent again only when Redis surely has not carried it out, because it never left or was refused whole.
   * @throws RedisAway, OutcomeUnknown
   */
  write<Answer>(send: (redis: Redis) => Promise<Answer>): Promise<Answer>;
}

/** Opens the two ways over one connection, which tries again by itself. @default limitMs RECONNECT_LIMIT_MS */
export function openStoreConnection(redis: Redis, limitMs: number = RECONNECT_LIMIT_MS): StoreConnection {
  const reconnect = reconnectsOf(redis);

  async function send<Answer>(
    kind: 'read' | 'write',
    command: (redis: Redis) => Promise<Answer>,
  ): Promise<Answer> {
    let untilMs: number | undefined;
    for (;;) {
      try {
        return await command(redis);
      } catch (error) {
        const fate = fateOf(error);
        if (fate === 'answered') {
          throw error;
        }
        if (kind === 'write' && fate !== 'not carried out') {
          throw new OutcomeUnknown(
            'Redis went away after a change was sent to it: whether the change is stored is not known',
            { cause: error },
          );
        }
        untilMs ??= (reconnect.awaySinceMs() ?? performance.now()) + limitMs;
        const isBack = fate !== 'silent' && (await reconnect.isBackWithin(untilMs - performance.now()));
        if (!isBack) {
          throw new RedisAway(`Redis is away: ${textOf(error)}`, { cause: error });
        }
      }
    }
  }

  return { read: (ask) => send('read', ask), write: (change) => send('write', change) };
}

/**
 * What became of a command that failed. `answered`: Redis said no, or the fault is not Redis'. `lost`: the connection broke before the
 * answer came. `silent`: the connection stands, and no answer came in time.
 */
type Fate = 'answered' | 'not carried out' | 'lost' | 'silent';

/** ioredis gives these errors no class and no code; what it says is held by the tests with a real Redis. */
const fates: readonly (readonly [start: string, fate: Fate])[] = [
  ["Stream isn't writeable", 'not carried out'],
  // A master that has become a replica refuses the whole change; the connection is opened anew to whoever is the master now.
  ['READONLY', 'not carried out'],
  ['Reached the max retries per request limit', 'lost'],
  ['Command aborted due to connection close', 'lost'],
  ['Connection is closed', 'lost'],
  ['Command timed out', 'silent'],
];

const fateOf = (error: unknown): Fate =>
  fates.find(([start]) => textOf(error).startsWith(start))?.[1] ?? 'answered';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is known of a connection's breaks. */
interface Reconnects {
  /** Since when it is away, by the steady clock of this process; undefined while it is there. */
  awaySinceMs(): number | undefined;
  /** True as soon as it is back; false when it is not back in time, or will never be. */
  isBackWithin(ms: number): Promise<boolean>;
}

/** One watch a connection, however many stores are opened over it. */
const watched = new WeakMap<Redis, Reconnects>();

function reconnectsOf(redis: Redis): Reconnects {
  const known = watched.get(redis) ?? watchReconnects(redis);
  watched.set(redis, known);
  return known;
}

function watchReconnects(redis: Redis): Reconnects {
  let awaySinceMs: number | undefined;
  // One listener for all commands: a busy bot has hundreds on their way.
  const waiting = new Set<(isBack: boolean) => void>();
  const wake = (isBack: boolean): void => {
    for (const tell of [...waiting]) {
      tell(isBack);
    }
  };
  redis.on('close', () => {
    awaySinceMs ??= performance.now();
  });
  redis.on('ready', () => {
    awaySinceMs = undefined;
    wake(true);
  });
  redis.on('end', () => wake(false));
  return {
    awaySinceMs: () => awaySinceMs,
    isBackWithin: (ms) =>
      new Promise((resolve) => {
        if (ms <= 0 || redis.status === 'end') {
          resolve(false);
          return;
        }
        const tell = (isBack: boolean): void => {
          clearTimeout(timer);
          waiting.delete(tell);
          resolve(isBack);
        };
        const timer = setTimeout(() => tell(false), ms);
        waiting.add(tell);
      }),
  };
}
