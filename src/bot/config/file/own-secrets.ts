import type { ConfigPath } from './problem.ts';

/** Keys whose value opens something. */
const SECRET_KEY = /(token|secret|password|passphrase|webhook|^keys?)$/i;
/** `scheme://user:password@host`. */
const PASSWORD_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^\s/]*?:([^\s/]+)@/i;
/** Passwords of the further hosts of a transport URL. */
const PASSWORDS_IN_URL = /(?:\/\/|,)[^\s:/,@]*:([^\s/,]+)@/g;

/** A value of the file that opens something. */
interface OwnSecret {
  readonly path: ConfigPath;
  readonly value: string;
}

/** Every secret of a file, wherever it stands: by the name of its key, or because it is part of a URL. */
function* secretsIn(value: unknown, path: ConfigPath = []): Iterable<OwnSecret> {
  if (typeof value === 'string') {
    const key = path.findLast((part) => typeof part === 'string');
    if (typeof key === 'string' && SECRET_KEY.test(key)) {
      yield { path, value };
    }
    if (key === 'webhook' && URL.canParse(value)) {
      yield { path, value: new URL(value).pathname.slice(1) };
    }
    for (const [, password = ''] of value.matchAll(PASSWORDS_IN_URL)) {
      yield { path, value: password };
      yield { path, value: decoded(password) };
    }
    return;
  }
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    yield* secretsIn(each, [...path, Array.isArray(value) ? Number(key) : key]);
  }
  yield* basicOf(value, path);
}

/**
 * The secrets that can be taken out of a text. One that is also part of a name (password `rabbit`, node `rabbit@server-44`) is
 * left in: a card without its names would help nobody at night, and such a password protects nothing. The same holds for
 * `watership`, which stands in every command that is told.
 */
export function recognisable(raw: unknown): readonly string[] {
  const secrets = [...secretsIn(raw)].map(({ value }) => value);
  const plain = [...textsIn(raw)].filter((text) => !secrets.some((secret) => text === secret));
  const names = ['watership', ...plain.map((text) => text.replace(PASSWORDS_IN_URL, '').toLowerCase())];
  return secrets.filter((secret) => !names.some((name) => name.includes(secret.toLowerCase())));
}

function* textsIn(value: unknown): Iterable<string> {
  if (typeof value === 'string') {
    yield value;
  }
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const each of Object.values(value)) {
    yield* textsIn(each);
  }
}

/** Whether the value of this key must not be shown. A transport URL has a password for each of its hosts. */
export const mayHoldSecret = (key: string): boolean => SECRET_KEY.test(key) || key === 'transportUrl';

/** Keys of URLs that may hold a password. In every other address there is none at all, which is the schema's to tell. */
const URL_KEYS: readonly unknown[] = ['url', 'transportUrl'];

/** Whether a scalar at this path must come from the environment or a file. A webhook need not: some hold no secret. */
export function mustBeFilled(path: ConfigPath, value: string): boolean {
  const key = path.findLast((part) => typeof part === 'string') ?? '';
  if (URL_KEYS.includes(key)) {
    return PASSWORD_IN_URL.test(value);
  }
  return SECRET_KEY.test(String(key)) && !/webhook$/i.test(String(key));
}

/** A user and a password as HTTP sends them: together, so that the password alone is not found in it. */
function* basicOf(value: object, path: ConfigPath): Iterable<OwnSecret> {
  const [username, password] = [Reflect.get(value, 'username'), Reflect.get(value, 'password')];
  if (typeof username === 'string' && typeof password === 'string') {
    yield { path, value: `${username}:${password}` };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
