import { z } from 'zod';
import { isArgument } from '../../runbooks/index.ts';
import { command, duration, keys, oneOfField, textField, transportUrl } from '../config/schema/fields.ts';
import { machinePreset } from '../config/schema/host-schema.ts';

/* The agent's file as people write it. Every `error` text finishes the sentence "expected …". */

const hostName = 'a host name of letters, digits, ".", "_" and "-"';
const serviceName = 'the name of a unit or container, such as nova-compute';
const filePath = 'an absolute path without . and .. in it';

const listOf = (argument: 'service' | 'path', expected: string) =>
  z
    .array(
      textField(expected).refine((value) => isArgument(argument, value), { error: expected }),
      {
        error: 'a list',
      },
    )
    .default([]);

/** The whole file. */
export const agentFileSchema = z.strictObject({
  host: textField(hostName).regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$/, { error: hostName }),
  transportUrl,
  keys,
  preset: machinePreset,
  operations: z
    .strictObject({ 'service.restart': command.optional(), 'service.status': command.optional() })
    .default({}),
  allow: z
    .strictObject({
      restart: listOf('service', serviceName),
      status: listOf('service', serviceName),
      read: listOf('path', filePath),
    })
    .prefault({}),
  journal: z
    .strictObject({
      folder: textField('a folder')
        .startsWith('/', { error: 'an absolute path' })
        .default('/var/lib/watership-agent'),
      keep: duration(3_600_000, '24h').default(86_400_000),
    })
    .prefault({}),
  commandLimit: duration(1_000, '2m').default(120_000),
  log: z.strictObject({ level: oneOfField(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

export type AgentFile = z.output<typeof agentFileSchema>;
