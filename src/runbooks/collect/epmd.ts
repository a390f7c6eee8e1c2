import { connect } from 'node:net';

/** NAMES_REQ: two bytes of length, then the letter n. */
const NAMES_REQUEST = Buffer.from([0x00, 0x01, 0x6e]);
/** The answer begins with epmd's own port, four bytes; the rest is text. */
const HEADER_BYTES = 4;
const LARGEST_ANSWER_BYTES = 65_536;

/** The Erlang nodes that an epmd (`host:port`) knows, without their host part; undefined when it could not be asked. */
export function epmdNames(
  address: string,
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<readonly string[] | undefined> {
  const { host, port } = hostAndPort(address);
  const socket = connect({ host, port });
  const parts: Buffer[] = [];
  let bytes = 0;
  return new Promise<readonly string[] | undefined>((resolve) => {
    const giveUp = () => resolve(undefined);
    limits.signal?.addEventListener('abort', giveUp, { once: true });
    const timer = setTimeout(giveUp, Math.max(0, limits.timeoutMs));
    socket.once('connect', () => socket.write(NAMES_REQUEST));
    socket.on('data', (part) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > LARGEST_ANSWER_BYTES) {
        giveUp();
      }
    });
    socket.once('end', () => resolve(namesIn(Buffer.concat(parts))));
    socket.once('error', giveUp);
    socket.once('close', () => {
      giveUp();
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', giveUp);
    });
  }).finally(() => socket.destroy());
}

/** Reads `name rabbit44 at port 25672` lines. An answer without its header is no answer. */
export function namesIn(answer: Buffer): readonly string[] | undefined {
  if (answer.length < HEADER_BYTES) {
    return undefined;
  }
  const lines = answer.toString('utf8', HEADER_BYTES).split('\n');
  return lines.flatMap((line) => /^name (\S+) at port \d+$/.exec(line)?.[1] ?? []);
}

/** `10.3.0.44:4369`, `[::1]:4369`, or without a port, then epmd's usual one. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const parts = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(address);
  return { host: parts?.[1] ?? address, port: Number(parts?.[2] ?? 4369) };
}
