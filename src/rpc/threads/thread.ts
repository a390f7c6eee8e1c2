import { Worker } from 'node:worker_threads';
import { withResolvers } from '../amqp/with-resolvers.ts';
import type { DispatchedRequest } from '../dispatch/dispatcher.ts';
import { reasonOf, WorkerLost } from '../errors.ts';
import type { ThreadData, ThreadMessage } from './messages.ts';

type Answer = Extract<ThreadMessage, { readonly kind: 'result' | 'failure' }>;

/** Built, the entry is plain JavaScript; run from source, a thread must be taught to read TypeScript first. */
const entryFile = import.meta.url.endsWith('.ts') ? './entry-from-source.mjs' : './entry.js';
const entry = new URL(entryFile, import.meta.url);

/** One worker thread, which runs one request at a time. */
export class Thread {
  readonly #worker: Worker;
  readonly #ready = withResolvers<void>();
  readonly #ended = withResolvers<void>();
  #answer = withResolvers<Answer>();
  #lost: WorkerLost | undefined;

  constructor(data: ThreadData) {
    this.#worker = new Worker(entry, { workerData: data });
    // From then on the transport keeps the process alive, as long as there is work to come.
    this.#ready.promise.then(
      () => this.#worker.unref(),
      () => {},
    );
    this.#worker.on('message', (message: ThreadMessage) => this.#onMessage(message));
    this.#worker.on('messageerror', (reason) => this.#lose(reason));
    this.#worker.on('error', (reason) => this.#lose(reason));
    this.#worker.on('exit', (code) => {
      this.#lose(`it ended with code ${code}`);
      this.#ended.resolve();
    });
  }

  /** False when it is gone or going. */
  get isUsable(): boolean {
    return this.#lost === undefined;
  }

  /** Resolves when its modules are loaded; rejects when they cannot be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Runs a request. Rejects with WorkerLost when the thread ends meanwhile. */
  async run(request: DispatchedRequest): Promise<Answer> {
    await this.#ready.promise;
    if (this.#lost) {
      throw this.#lost;
    }
    this.#answer = withResolvers();
    this.#worker.postMessage(request);
    return this.#answer.promise;
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    this.#lose('it was stopped');
    await this.#ended.promise;
  }

  #onMessage(message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve();
        return;
      case 'unusable':
        this.#lose(message.reason);
        return;
      case 'result':
      case 'failure':
        this.#answer.resolve(message);
    }
  }

  #lose(reason: unknown): void {
    if (this.#lost) {
      return;
    }
    const why = reasonOf(reason);
    this.#lost = new WorkerLost(why);
    this.#ready.reject(new TypeError(`The endpoints cannot be loaded in a worker thread: ${why}`));
    this.#answer.reject(this.#lost);
    void this.#worker.terminate();
  }
}
