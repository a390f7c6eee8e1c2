import { createHash } from 'node:crypto';

/** A host's public key, or only its fingerprint. */
export type Pin =
  | { readonly kind: 'key'; readonly type: string; readonly blob: Buffer }
  | { readonly kind: 'fingerprint'; readonly fingerprint: string };

/** `SHA256:…` as `ssh-keygen -l` prints it. */
export const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** The type that a key names itself by, such as `ssh-ed25519`; undefined when the bytes are no key. */
export function typeOf(blob: Buffer): string | undefined {
  if (blob.length < 4) {
    return undefined;
  }
  const length = blob.readUInt32BE(0);
  const type = blob.subarray(4, 4 + length).toString('latin1');
  return length > 0 && type.length === length && /^[\x21-\x7e]+$/.test(type) ? type : undefined;
}

/** Reads `SHA256:…` or `ssh-ed25519 AAAA…`, with or without a comment behind it. */
export function readPin(text: string): Pin | undefined {
  const [first = '', second = ''] = text.trim().split(/\s+/);
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(first)) {
    return { kind: 'fingerprint', fingerprint: first.replace(/=$/, '') };
  }
  return readKey(first, second);
}

/** A key whose bytes name the type that stands before them; undefined when they do not. */
export function readKey(type: string, base64: string): Extract<Pin, { kind: 'key' }> | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) {
    return undefined;
  }
  const blob = Buffer.from(base64, 'base64');
  return typeOf(blob) === type ? { kind: 'key', type, blob } : undefined;
}

export const matches = (pin: Pin, blob: Buffer): boolean =>
  pin.kind === 'key' ? pin.blob.equals(blob) : pin.fingerprint === fingerprintOf(blob);

/** `ssh-ed25519 SHA256:…`, for people. */
export const tellPin = (pin: Pin): string =>
  pin.kind === 'key' ? `${pin.type} ${fingerprintOf(pin.blob)}` : pin.fingerprint;

/** How a server may sign, in the order of our liking; SHA-1 (`ssh-rsa`) is not among them. */
const signatures = [
  { type: 'ssh-ed25519', algorithm: 'ssh-ed25519' },
  { type: 'ecdsa-sha2-nistp256', algorithm: 'ecdsa-sha2-nistp256' },
  { type: 'ecdsa-sha2-nistp384', algorithm: 'ecdsa-sha2-nistp384' },
  { type: 'ecdsa-sha2-nistp521', algorithm: 'ecdsa-sha2-nistp521' },
  { type: 'ssh-rsa', algorithm: 'rsa-sha2-512' },
  { type: 'ssh-rsa', algorithm: 'rsa-sha2-256' },
] as const;

/** What to ask the server for: first the kinds of key that are pinned, because it has several and shows only one. */
export function askedFor(pins: readonly Pin[]): (typeof signatures)[number]['algorithm'][] {
  const isPinned = (type: string): boolean => pins.some((pin) => pin.kind === 'key' && pin.type === type);
  return [
    ...signatures.filter(({ type }) => isPinned(type)),
    ...signatures.filter(({ type }) => !isPinned(type)),
  ].map(({ algorithm }) => algorithm);
}
