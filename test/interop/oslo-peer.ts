import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseJson } from '../../src/rpc/index.ts';

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

/** Starts one. Needs the system's Python with oslo.messaging: `apt install python3-oslo.messaging`. */
export function startOsloPeer(amqpUrl: string, exchange: string, options: object = {}): OsloPeer {
  const url = `${amqpUrl.replace('amqp:', 'rabbit:')}/`;
  const script = fileURLToPath(new URL('oslo-peer.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, url, exchange, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const waiting: { resolve: (answer: PeerAnswer) => void; reject: (reason: Error) => void }[] = [];
  let complaints = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaints = (complaints + bytes.toString()).slice(-4000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = parseJson(line);
    if (typeof answer === 'object' && answer !== null) waiting.shift()?.resolve(answer);
  });
  let hasEnded = false;
  const ended = once(child, 'exit').then(() => {
    hasEnded = true;
    for (const each of waiting.splice(0)) each.reject(new Error(`Python ended: ${complaints}`));
  });
  const ask = (command: string, given: object = {}): Promise<PeerAnswer> =>
    new Promise((resolve, reject) => {
      if (hasEnded) return reject(new Error(`Python ended: ${complaints}`));
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify({ do: command, with: given })}\n`);
    });
  return {
    ask,
    async close() {
      await ask('stop').catch(() => {});
      child.stdin.end();
      await ended;
    },
  };
}
