import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { redact } from './redact.ts';

const SECRET_KEYS = [
  'password',
  'sentinelPassword',
  'botToken',
  'appToken',
  'signingSecret',
  'signingSecrets',
  'authorization',
  'transportUrl',
  'webhook',
];

/** The log: one JSON object a line, secrets taken out of fields, texts and errors. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: {
      paths: [
        ...SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]),
        'audit.key',
        '*.audit.key',
      ],
      censor: '…',
    },
    serializers: { err: redactedError },
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: {
      streamWrite: redact,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function redactedError(error: unknown): unknown {
  if (!(error instanceof Error)) {
    return redact(String(error));
  }
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message: redact(message), stack: redact(stack ?? '') };
}
