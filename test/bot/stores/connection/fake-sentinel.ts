import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Sentinel of one test, which says what the test wants and when. */
export interface FakeSentinel extends AsyncDisposable {
  readonly port: number;
  /** Names this port of 127.0.0.1 as the master to whoever asks from now on. */
  setMaster(port: number): void;
  /** Resolves with the next question for the master, which stays open until it is answered. */
  heldQuestion(): Promise<{ answer(): void }>;
  /** Tells all who listen that the master went to this port. */
  announce(name: string, port: number): void;
  /** Resolves when so many listen. */
  listened(count: number): Promise<void>;
}

export async function fakeSentinel(master: number): Promise<FakeSentinel> {
  let named = master;
  const listeners = new Set<Socket>();
  const waiting = new Set<() => void>();
  let hold: ((question: { answer(): void }) => void) | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('close', () => listeners.delete(socket));
    // Commands are small: each chunk holds whole ones.
    socket.on('data', (chunk) => {
      for (const words of commandsIn(chunk.toString())) {
        reply(socket, words);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }

  function reply(socket: Socket, words: readonly string[]): void {
    const [first, second] = words.map((word) => word.toLowerCase());
    if (first === 'subscribe') {
      socket.write(`*3\r\n${bulk('subscribe')}${bulk(words[1] ?? '')}:1\r\n`);
      listeners.add(socket);
      for (const look of [...waiting]) {
        look();
      }
    } else if (first === 'sentinel' && second === 'get-master-addr-by-name') {
      const answer = (): void => void socket.write(`*2\r\n${bulk('127.0.0.1')}${bulk(String(named))}`);
      if (hold === undefined) {
        answer();
      } else {
        hold({ answer });
      }
      hold = undefined;
    } else if (first === 'sentinel') {
      socket.write('*0\r\n');
    } else if (first === 'hello') {
      socket.write("-ERR unknown command 'HELLO'\r\n");
    } else {
      socket.write('+OK\r\n');
    }
  }

  return {
    port: address.port,
    setMaster(port) {
      named = port;
    },
    heldQuestion: () =>
      new Promise((resolve) => {
        hold = resolve;
      }),
    announce(name, port) {
      const text = `${name} 127.0.0.1 1 127.0.0.1 ${port}`;
      for (const socket of listeners) {
        socket.write(`*3\r\n${bulk('message')}${bulk('+switch-master')}${bulk(text)}`);
      }
    },
    listened: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (listeners.size < count) {
            return;
          }
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of listeners) {
        socket.destroy();
      }
      server.close();
    },
  };
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

function commandsIn(text: string): readonly (readonly string[])[] {
  const lines = text.split('\r\n');
  const commands: string[][] = [];
  for (let at = 0; lines[at]?.startsWith('*'); ) {
    const count = Number(lines[at]?.slice(1));
    commands.push(Array.from({ length: count }, (_, index) => lines[at + 2 + 2 * index] ?? ''));
    at += 1 + 2 * count;
  }
  return commands;
}
