import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { getRpcClient, getRpcServer, getTransport, Target } from '../../src/rpc/index.ts';
import { startTlsBroker, type TlsBroker } from '../support/tls-broker.ts';
import { startOsloPeer } from './oslo-peer.ts';

let broker: TlsBroker;

beforeAll(async () => {
  broker = await startTlsBroker();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

const named = inject('pythons').map((python): [string, typeof python] => [python.version, python]);

describe.each(named)('over TLS with oslo.messaging %s', (_, python) => {
  test.each(['password', 'certificate'])('both call each other, logged in by %s', async (login) => {
    const { certificateFile, keyFile } = broker.client;
    const settings = {
      ...{ ssl: 'true', ssl_ca_file: broker.authority.certificateFile },
      ...(login === 'certificate' && {
        ...{ ssl_cert_file: certificateFile, ssl_key_file: keyFile },
        rabbit_login_method: 'EXTERNAL',
      }),
    };
    const port = login === 'certificate' ? broker.strictPort : broker.amqpsPort;
    const url = `amqp://${broker.user}:${broker.password}@127.0.0.1:${port}`;
    const [exchange, ours, theirs] = ['exchange', 'ours', 'theirs'].map((name) => `${name}-${randomUUID()}`);
    if (exchange === undefined || ours === undefined || theirs === undefined) {
      throw new Error('no names');
    }
    await using transport = getTransport(
      `${url.replace('amqp:', 'rabbit:')}/?${new URLSearchParams(settings)}`,
      {
        controlExchange: exchange,
      },
    );
    const peer = startOsloPeer(python, url, exchange, settings);
    try {
      await peer.ask('serve', { topic: theirs, server: 'one' });
      const answer = await getRpcClient(transport, new Target({ topic: theirs })).call(
        { user: 'u' },
        'echo',
        { a: 1 },
      );
      expect(answer).toEqual({ context: expect.objectContaining({ user: 'u' }), args: { a: 1 } });

      const server = getRpcServer(transport, new Target({ topic: ours, server: 'one' }), [
        { double: (_context: unknown, { n }: { n: number }) => n * 2 },
      ]);
      await server.start();
      expect(await peer.ask('call', { target: { topic: ours }, method: 'double', args: { n: 21 } })).toEqual({
        result: 42,
      });
    } finally {
      await peer.close();
    }
  });
});
