import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

/** Slack's largest payloads are modals with all they hold, far below this. */
const LARGEST_BYTES = 1_048_576;

export type RawBody =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'broken-off' };

/** Reads a request's body as it came, because the signature is over these very bytes; never more than a bound. */
export async function readBody(request: IncomingMessage): Promise<RawBody> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BYTES) {
    return { kind: 'too-large' };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const part = Buffer.from(chunk);
      size += part.length;
      if (size > LARGEST_BYTES) {
        return { kind: 'too-large' };
      }
      chunks.push(part);
    }
  } catch {
    return { kind: 'broken-off' };
  }
  return { kind: 'read', bytes: Buffer.concat(chunks) };
}

/** What Slack sent: an object, whichever of its two ways of writing it was used; undefined when it is neither. */
export type Payload = Readonly<Record<string, unknown>>;

export function parsePayload(contentType: string | undefined, bytes: Buffer): Payload | undefined {
  const kind = kindOf(contentType);
  const text = bytes.toString('utf8');
  if (kind === JSON_KIND) {
    return parseObject(text);
  }
  if (kind !== FORM_KIND) {
    return undefined;
  }
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  return payload === null ? Object.fromEntries(form) : parseObject(payload);
}

/**
 * Slack asks now and then whether the certificate is good, and does not sign that. Only a short form is looked at: taking
 * a large one apart would let strangers keep the bot busy.
 */
export const isCertificateCheck = (contentType: string | undefined, bytes: Buffer): boolean =>
  bytes.length <= CHECK_BYTES &&
  kindOf(contentType) === FORM_KIND &&
  new URLSearchParams(bytes.toString('utf8')).get('ssl_check') === '1';

const CHECK_BYTES = 1_024;
const JSON_KIND = 'application/json';
const FORM_KIND = 'application/x-www-form-urlencoded';

const kindOf = (contentType: string | undefined): string | undefined =>
  contentType?.split(';')[0]?.trim().toLowerCase();

const object = z.record(z.string(), z.unknown());

function parseObject(text: string): Payload | undefined {
  try {
    return object.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
