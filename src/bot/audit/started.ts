import { hashOf } from '../../runbooks/index.ts';
import type { BotConfig } from '../config/config.ts';
import { redact } from '../process/redact.ts';
import { version } from '../process/version.ts';
import type { AuditEntry } from '../record/entry.ts';

/** Says which program began to work, and with which configuration: who may approve what is part of every explanation. */
export function startedEntry(config: BotConfig, atMs: number): AuditEntry {
  const started = { version: version(), configuration: fingerprint(config) };
  return {
    atMs,
    actor: 'watership',
    event: 'bot.started',
    text: `Watership ${started.version} started with configuration ${started.configuration.slice(0, 12)}.`,
    started,
  };
}

const SECRETS: ReadonlySet<string> = new Set(
  'password sentinelPassword botToken appToken signingSecrets webhook key keys passphrase'.split(' '),
);

/** A hash of everything but the secrets: a short password could be guessed from its hash. */
export const fingerprint = (config: BotConfig): string => hashOf(withoutSecrets(config));

function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') {
    return redact(value);
  }
  if (Array.isArray(value)) {
    return value.map(withoutSecrets);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, SECRETS.has(name) ? '…' : withoutSecrets(member)]),
  );
}
