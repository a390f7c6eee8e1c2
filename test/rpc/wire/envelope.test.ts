import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UndecodableMessage } from '../../../src/rpc/errors.ts';
import { decodeBody, encodeBody, encodeEnvelope } from '../../../src/rpc/wire/envelope.ts';
import { readReply } from '../../../src/rpc/wire/reply.ts';
import { readRequest } from '../../../src/rpc/wire/request.ts';

const json = { contentType: 'application/json' };
const envelope = (version: unknown, message: unknown = '{"method": "m"}') =>
  Buffer.from(JSON.stringify({ 'oslo.version': version, 'oslo.message': message }));

describe('an envelope is read leniently:', () => {
  test('an envelope of version 2.0 gives its inner message', () => {
    expect(decodeBody(envelope('2.0'), json)).toEqual({ method: 'm' });
  });

  test('an object without an envelope is the message itself, also with one of the two keys', () => {
    expect(decodeBody(Buffer.from('{"method": "m"}'), json)).toEqual({ method: 'm' });
    expect(decodeBody(Buffer.from('{"oslo.version": "9"}'), json)).toEqual({ 'oslo.version': '9' });
  });

  test('a body that kombu calls gzip is a zlib stream', () => {
    const compressed = { contentType: 'application/json', headers: { compression: 'application/x-gzip' } };
    expect(decodeBody(deflateSync(envelope('2.0')), compressed)).toEqual({ method: 'm' });
    const ours = encodeBody({ method: 'm' }, 'gzip');
    expect(decodeBody(ours.content, { ...json, headers: ours.headers })).toEqual({ method: 'm' });
  });
});

describe('what is rejected, as oslo does', () => {
  test.each([undefined, 'text/plain', 'application/json; charset=utf-8', 7])(
    'content type %j',
    (contentType) => {
      expect(() => decodeBody(envelope('2.0'), { contentType })).toThrow(UndecodableMessage);
    },
  );

  test.each(['1.0', '2.1', '3.0', '2', '', null, 2, ['2.0'], 'x.y'])('envelope version %j', (version) => {
    expect(() => decodeBody(envelope(version), json)).toThrow(UndecodableMessage);
  });

  test.each(['', '[]', '"text"', 'null', '7', '{', '{"a": }'])('body %j', (body) => {
    expect(() => decodeBody(Buffer.from(body), json)).toThrow(UndecodableMessage);
  });

  test.each(['[]', '{', 'null', 7, null, {}])('inner message %j', (inner) => {
    expect(() => decodeBody(envelope('2.0', inner), json)).toThrow(UndecodableMessage);
  });

  test('bytes that are no UTF-8, and a broken or unknown compression', () => {
    expect(() => decodeBody(Buffer.from([0x7b, 0xff, 0x7d]), json)).toThrow(UndecodableMessage);
    for (const compression of ['application/x-gzip', 'application/x-bz2', 7]) {
      expect(() => decodeBody(gzipSync('{}'), { ...json, headers: { compression } })).toThrow(
        UndecodableMessage,
      );
    }
  });
});

test('any bytes at all are a message or UndecodableMessage', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.option(fc.string()), (bytes, compression) => {
      const headers = compression === null ? {} : { compression };
      try {
        readRequest(decodeBody(Buffer.from(bytes), { ...json, headers }));
      } catch (reason) {
        expect(reason).toBeInstanceOf(UndecodableMessage);
      }
    }),
  );
});

test('any truncation of a message is rejected', () => {
  const whole = encodeEnvelope({ method: 'echo', args: { text: 'hé', list: [1, 2.5, null] } });
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeBody(whole.subarray(0, length), json)).toThrow(UndecodableMessage);
  }
});

test('any message survives the way through the envelope', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (message) => {
      const wanted: unknown = JSON.parse(JSON.stringify(message));
      expect(decodeBody(encodeEnvelope(message), json, 'number')).toEqual(wanted);
    }),
  );
});

test('requests and replies of any shape are read without a throw', () => {
  const keys = fc.constantFrom(
    ...[
      'method',
      'args',
      'namespace',
      'version',
      '_msg_id',
      '_reply_q',
      '_timeout',
      '_unique_id',
      '_context_a',
    ],
    ...['result', 'failure', 'ending', '__proto__', 'constructor'],
  );
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (message) => {
      expect(readRequest(message).context).toHaveProperty('client_timeout');
      expect(typeof readReply(message).ending).toBe('boolean');
    }),
  );
});
