import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inheritedEnvironment } from '../../sandbox/environment.ts';
import { parseJson, stringifyJson } from '../../src/rpc/index.ts';
import type { Python } from './python.ts';

/** What Python answered: a result, or what it raised. */
export interface PeerAnswer {
  readonly result?: unknown;
  readonly raised?: string;
  readonly module?: string;
  readonly message?: string;
  /** Of a RemoteError: the remote class and message. */
  readonly type?: string | null;
  readonly value?: string | null;
}

/** A Python process with the real oslo.messaging. */
export interface OsloPeer {
  ask(command: string, options?: object): Promise<PeerAnswer>;
  close(): Promise<void>;
}

/** Starts one. */
export function startOsloPeer(
  python: Python,
  amqpUrl: string,
  exchange: string,
  options: object = {},
): OsloPeer {
  const [program = '', ...args] = python.command;
  const url = `${amqpUrl.replace('amqp:', 'rabbit:')}/`;
  const child = spawn(
    program,
    [...args, `${python.scripts}/oslo-peer.py`, url, exchange, JSON.stringify(options)],
    // Its queue manager reads when the leader of its process group was started: ours may have ended by then, where the
    // tests run in the background. It ends with its input.
    { stdio: ['pipe', 'pipe', 'pipe'], env: inheritedEnvironment, detached: true },
  );
  const waiting: { resolve: (answer: PeerAnswer) => void; reject: (reason: Error) => void }[] = [];
  let complaints = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaints = (complaints + bytes.toString()).slice(-4000);
  });
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = parseJson(line);
    if (typeof answer === 'object' && answer !== null) {
      waiting.shift()?.resolve(answer);
    }
  });
  let hasEnded = false;
  const ended = once(child, 'exit').then(() => {
    hasEnded = true;
    for (const each of waiting.splice(0)) {
      each.reject(new Error(`Python ended: ${complaints}`));
    }
  });
  const ask = (command: string, given: object = {}): Promise<PeerAnswer> =>
    new Promise((resolve, reject) => {
      if (hasEnded) {
        return reject(new Error(`Python ended: ${complaints}`));
      }
      waiting.push({ resolve, reject });
      child.stdin.write(`${stringifyJson({ do: command, with: given })}\n`);
    });
  return {
    ask,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
