import { describe, expect, test } from 'vitest';
import { propertiesOf } from '../../../src/rpc/amqp/properties.ts';
import { PythonException } from '../../../src/rpc/errors.ts';
import { decodeBody, encodeEnvelope, type WireMessage } from '../../../src/rpc/wire/envelope.ts';
import { readFailure, writeFailure } from '../../../src/rpc/wire/failure.ts';
import { readNotification } from '../../../src/rpc/wire/notification.ts';
import { readReply, writeReply } from '../../../src/rpc/wire/reply.ts';
import { readRequest, writeRequest } from '../../../src/rpc/wire/request.ts';
import debian from '../fixtures/captured-14.0.3.json' with { type: 'json' };
import trixie from '../fixtures/captured-16.1.0.json' with { type: 'json' };

const messages = [debian, trixie].flatMap(({ osloMessaging, captures }) =>
  captures.flatMap(({ name, messages: captured }) =>
    captured.map((each, index) => ({ ...each, title: `${osloMessaging} ${name} message ${index}` })),
  ),
);

describe.each(messages)('$title', ({ body, encoding, properties, message }) => {
  const content = Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8');
  const amqp = { contentType: properties.content_type, headers: properties.headers };
  const decoded = decodeBody(content, amqp);
  const expected = withNumbers(message);

  test('it decodes to the values that Python reads', () => {
    expect(decoded).toEqual(expected);
  });

  test('what we write decodes to the same values, with the keys in the same order', () => {
    const written = rewritten(decoded);
    const { _unique_id: ours, ...rest } = decodeBody(encodeEnvelope(written), {
      contentType: 'application/json',
    });
    const { _unique_id: theirs, ...wanted } = decoded;
    expect(withoutInfinity(rest)).toEqual(withoutInfinity(wanted));
    expect(Object.keys(written)).toEqual(Object.keys(decoded));
    expect(ours).toMatch(/^[0-9a-f]{32}$/);
    expect(theirs).toMatch(/^[0-9a-f]{32}$/);
  });

  test('our AMQP properties are the same', () => {
    const { expiration } = propertiesOfCapture(properties);
    const ours = propertiesOf({
      mandatory: false,
      headers: properties.headers,
      ...(expiration !== undefined && { expirationMs: Number(expiration) }),
    });
    const { mandatory: _method, ...sent } = ours;
    expect(sent).toEqual({
      contentType: properties.content_type,
      contentEncoding: properties.content_encoding,
      deliveryMode: properties.delivery_mode,
      priority: properties.priority,
      headers: properties.headers,
      ...(expiration !== undefined && { expiration }),
    });
  });
});

test('all kinds of messages were captured', () => {
  const kinds = new Set(messages.map(({ message }) => kindOf(message)));
  expect([...kinds].toSorted()).toEqual(['call', 'cast', 'notification', 'reply']);
});

/** The message that our writers make of what our readers saw. */
function rewritten(message: WireMessage): WireMessage {
  switch (kindOf(message)) {
    case 'reply': {
      const reply = readReply(message);
      const id = reply.messageId ?? '';
      if (reply.failure) {
        const { class: name, module, message: text, args, kwargs, tb } = reply.failure;
        const ours = writeFailure(new PythonException(name, text, { module, args, kwargs }));
        const written = writeReply(id, { failure: { ...ours, tb } });
        expect(readFailure(written['failure'])).toEqual(reply.failure);
        // Python's spaces and escapes are not ours; the values were compared just now.
        return { ...written, failure: message['failure'] };
      }
      return { ...writeReply(id, { result: reply.result }), ending: reply.ending };
    }
    case 'call':
    case 'cast': {
      const request = readRequest(message);
      const { client_timeout: monitor, ...context } = request.context;
      return writeRequest({
        method: String(request.method),
        args: asRecord(request.args),
        target: {
          ...(typeof request.namespace === 'string' && { namespace: request.namespace }),
          ...('version' in message && { version: String(request.version) }),
        },
        context,
        ...(request.messageId !== undefined && {
          reply: {
            messageId: request.messageId,
            queue: request.replyQueue,
            callMonitorSeconds: typeof monitor === 'number' ? monitor : null,
          },
        }),
      });
    }
    case 'notification': {
      const { context, metadata, priority, eventType, publisherId, payload } = readNotification(message);
      const packed = Object.entries(context).map(([key, value]) => [`_context_${key}`, value]);
      return {
        message_id: metadata.messageId,
        publisher_id: publisherId,
        event_type: eventType,
        priority: priority.toUpperCase(),
        payload,
        timestamp: metadata.timestamp,
        _unique_id: message['_unique_id'],
        ...Object.fromEntries(packed),
      };
    }
  }
}

function kindOf(message: object): 'reply' | 'call' | 'cast' | 'notification' {
  if ('ending' in message) {
    return 'reply';
  }
  if ('event_type' in message) {
    return 'notification';
  }
  return '_msg_id' in message ? 'call' : 'cast';
}

function propertiesOfCapture(properties: object): { readonly expiration?: string } {
  return 'expiration' in properties ? { expiration: String(properties.expiration) } : {};
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The fixture files are strict JSON: numbers that JSON has not are written as objects. */
function withNumbers(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => withNumbers(each));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if ('$integer' in value) {
    return BigInt(String(value.$integer));
  }
  if ('$float' in value) {
    return value.$float === 'inf' ? Number.POSITIVE_INFINITY : Number(value.$float);
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withNumbers(each)]));
}

/** We write strict JSON, where the infinities become null. */
function withoutInfinity(value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) {
    return null;
  }
  if (Array.isArray(value)) {
    return value.map((each) => withoutInfinity(each));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutInfinity(each)]));
}
