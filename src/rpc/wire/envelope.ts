import { deflateSync, inflateSync } from 'node:zlib';
import { reasonOf, UndecodableMessage } from '../errors.ts';
import { type BigIntegers, parseJson, stringifyJson } from './json/tolerant-json.ts';
import { isVersionCompatible } from './version.ts';

/** The inner message of an envelope: an object with string keys, nothing else is known yet. */
export type WireMessage = Record<string, unknown>;

/** The AMQP properties that decide how a body is read. */
export interface BodyProperties {
  readonly contentType?: unknown;
  readonly contentEncoding?: unknown;
  readonly headers?: (Readonly<Record<string, unknown>> & { readonly compression?: unknown }) | undefined;
}

/** The version of the envelope we write; the only one in use. */
export const envelopeVersion = '2.0';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest body after decompression, bytes: a small message must not become a memory bomb. */
const longestBodyBytes = 256 * 1024 * 1024;

/** Message in the 2.0 envelope: JSON text within JSON. */
export function encodeEnvelope(message: WireMessage): Buffer {
  const inner = stringifyJson(message);
  return Buffer.from(`{"oslo.version": "${envelopeVersion}", "oslo.message": ${JSON.stringify(inner)}}`);
}

/** Writes a message without an envelope, as the notification driver `messaging` does. */
export function encodeBare(message: WireMessage): Buffer {
  return Buffer.from(stringifyJson(message));
}

/** A body ready for publishing, with the headers it needs. */
export interface EncodedBody {
  readonly content: Buffer;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** Writes a message in an envelope, compressed if so wanted. */
export function encodeBody(message: WireMessage, compression?: 'gzip'): EncodedBody {
  const content = encodeEnvelope(message);
  if (compression === undefined) {
    return { content };
  }
  return { content: deflateSync(content), ...bodyHeaders(compression) };
}

/** The headers that a body needs. */
export function bodyHeaders(compression: 'gzip' | undefined): Pick<EncodedBody, 'headers'> {
  return compression === undefined ? {} : { headers: { compression: 'application/x-gzip' } };
}

/**
 * Message of a body, with or without an envelope.
 * @throws UndecodableMessage for all that oslo rejects: another content type, broken JSON, something else than an object,
 * an envelope of another version.
 */
export function decodeBody(
  content: Buffer,
  properties: BodyProperties,
  bigIntegers?: BigIntegers,
): WireMessage {
  const text = readText(content, properties);
  const outer = parseOuter(text, bigIntegers);
  const { 'oslo.version': version, 'oslo.message': inner } = outer;
  if (!Object.hasOwn(outer, 'oslo.version') || !Object.hasOwn(outer, 'oslo.message')) {
    return outer;
  }
  if (typeof version !== 'string' || !isEnvelopeSupported(version)) {
    throw new UndecodableMessage(`The envelope version is not ${envelopeVersion}.`);
  }
  if (typeof inner !== 'string') {
    throw new UndecodableMessage('The envelope holds no JSON text.');
  }
  return parseObject(inner, bigIntegers);
}

/** Whether a value is an object as JSON knows it: no array, no null. */
export function isObject(value: unknown): value is WireMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readText(content: Buffer, properties: BodyProperties): string {
  if (properties.contentType !== 'application/json') {
    throw new UndecodableMessage('The content type is not exactly application/json.');
  }
  const body = decompress(content, properties.headers?.compression);
  try {
    return utf8.decode(body);
  } catch {
    throw new UndecodableMessage('The body is not UTF-8.');
  }
}

function decompress(content: Buffer, compression: unknown): Buffer {
  if (compression === undefined || compression === null) {
    return content;
  }
  // What kombu calls gzip is a zlib stream.
  if (compression !== 'application/x-gzip') {
    const name = typeof compression === 'string' ? compression.slice(0, 40) : 'no name';
    throw new UndecodableMessage(
      `The body is compressed with ${name}; only gzip is read here: set kombu_compression to gzip or to nothing.`,
    );
  }
  try {
    return inflateSync(content, { maxOutputLength: longestBodyBytes });
  } catch (cause) {
    throw new UndecodableMessage('The compressed body is broken.', { cause });
  }
}

/** The native parser is enough for an envelope, whatever digits the text within it holds. */
function parseOuter(text: string, bigIntegers: BigIntegers | undefined): WireMessage {
  let outer: unknown;
  try {
    outer = JSON.parse(text);
  } catch {
    return parseObject(text, bigIntegers);
  }
  if (isObject(outer) && typeof outer['oslo.message'] === 'string') {
    return outer;
  }
  return parseObject(text, bigIntegers);
}

function parseObject(text: string, bigIntegers: BigIntegers | undefined): WireMessage {
  let value: unknown;
  try {
    value = parseJson(text, bigIntegers);
  } catch (cause) {
    throw new UndecodableMessage(`The body is not JSON: ${reasonOf(cause)}`.slice(0, 200), { cause });
  }
  if (!isObject(value)) {
    throw new UndecodableMessage('The message is not a JSON object.');
  }
  return value;
}

function isEnvelopeSupported(version: string): boolean {
  try {
    return isVersionCompatible(envelopeVersion, version);
  } catch {
    return false;
  }
}
