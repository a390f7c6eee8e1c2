import type { Logger } from 'pino';
import type { TapOptions, TappedMessage } from '../rpc/index.ts';
import type {
  Answered,
  BoundActions,
  Clock,
  ClusterPorts,
  ConsumersAsked,
  Look,
  Observation,
  Runbook,
} from '../runbooks/index.ts';
import type { BotConfig, ClusterConfig } from './config/config.ts';
import type { People } from './ports/people.ts';
import type { JobQueue } from './ports/queue.ts';
import type { Stores } from './stores/stores.ts';

/** What every part of the bot is handed at start: nothing here is global. */
export interface BotContext {
  readonly config: BotConfig;
  readonly stores: Stores;
  /** Who people are and what they may do, asked anew whenever it counts. */
  readonly people: People;
  readonly jobQueue: JobQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clusters: ReadonlyMap<string, ClusterHandle>;
  readonly book: readonly Runbook[];
}

export interface ClusterHandle {
  readonly config: ClusterConfig;
  readonly ports: ClusterPorts;
  readonly actions: BoundActions;
  /**
   * A fresh sweep, with the stored history folded under it. Writes nothing. Detectors only count consumers; a plan wants
   * them named.
   */
  observe(consumers: ConsumersAsked): Promise<Observation>;
  /** The newest observation of this process if it is no older than this, else a fresh one: for who needs only the listings. */
  lately(withinMs: number): Promise<Observation>;
  /** Listens in on an exchange, bounded by what is wanted. Throws when the exchange does not exist or the broker cannot be reached. */
  listen(wanted: TapOptions & { readonly vhost?: string }): AsyncGenerator<TappedMessage, void>;
  /** Goes and looks; each answer, or why there is none. Writes nothing and never rejects. */
  answer(looks: readonly Look[]): Promise<Answered>;
}
