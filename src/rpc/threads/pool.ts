import type { DispatchedRequest, Dispatches } from '../dispatch/dispatcher.ts';
import { PythonException } from '../errors.ts';
import { isObject } from '../wire/envelope.ts';
import { readFailure } from '../wire/failure.ts';
import { noOpSerializer, type Serializer } from '../wire/serializer.ts';
import type { ThreadData } from './messages.ts';
import { Thread } from './thread.ts';

/** How requests are run in threads. */
export interface ThreadPoolOptions extends ThreadData {
  /** Most threads. More requests than that at the same time are not given to it. */
  readonly size: number;
  /** Works in the main thread: what it makes is copied into the thread and back. */
  readonly serializer?: Serializer;
}

/**
 * Worker threads that run requests, one each at a time. The first begins at `start`, further ones when they are
 * needed; one that ends fails its request and is replaced when the next one comes.
 */
export class ThreadPool implements Dispatches {
  readonly #options: ThreadPoolOptions;
  readonly #serializer: Serializer;
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#serializer = options.serializer ?? noOpSerializer;
  }

  /** Loads the modules in a first thread. Rejects when they cannot be loaded. */
  async start(): Promise<void> {
    if (this.#idle.some((thread) => thread.isUsable)) {
      return;
    }
    const thread = this.#begin();
    await thread.ready;
    this.#idle.push(thread);
  }

  async dispatch(request: DispatchedRequest): Promise<unknown> {
    const { context, sent } = this.#deserialized(request);
    const thread = this.#takeIdle() ?? this.#begin();
    try {
      const answer = await thread.run(sent);
      if (answer.kind === 'failure') {
        throw asThrown(answer.failure);
      }
      return this.#serializer.serializeEntity(context, answer.result);
    } finally {
      if (thread.isUsable) {
        this.#idle.push(thread);
      } else {
        this.#threads.delete(thread);
      }
    }
  }

  /** Ends all threads; what they run is lost. */
  async close(): Promise<void> {
    this.#idle.length = 0;
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.end()));
  }

  #takeIdle(): Thread | undefined {
    for (;;) {
      const thread = this.#idle.pop();
      if (!thread || thread.isUsable) {
        return thread;
      }
      this.#threads.delete(thread);
    }
  }

  #begin(): Thread {
    const { modules, accessPolicy, ping } = this.#options;
    const thread = new Thread({ modules, accessPolicy, ping });
    this.#threads.add(thread);
    return thread;
  }

  #deserialized(request: DispatchedRequest): { context: Record<string, unknown>; sent: DispatchedRequest } {
    const { method, namespace, version, args } = request;
    const context = { ...this.#serializer.deserializeContext(request.context) };
    const entries = isObject(args)
      ? Object.entries(args).map(([name, value]) => [
          name,
          this.#serializer.deserializeEntity(context, value),
        ])
      : undefined;
    const sent = { method, namespace, version, context, args: entries ? Object.fromEntries(entries) : args };
    return { context, sent };
  }
}

/** What was thrown in a thread, as it would have been thrown here. */
function asThrown(text: string): Error {
  const failure = readFailure(text);
  if (!failure) {
    return new PythonException('Exception', 'The endpoint failed.');
  }
  const { class: name, message, module, args, kwargs, tb } = failure;
  const thrown = new PythonException(name, message, { module, args, kwargs });
  thrown.stack = tb.join('').trimEnd();
  return thrown;
}
