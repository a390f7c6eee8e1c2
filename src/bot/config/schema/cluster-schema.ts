import { z } from 'zod';
import { presetNames } from '../../../runbooks/index.ts';
import {
  address,
  channel,
  duration,
  name,
  oneOfField,
  regularExpression,
  textField,
  wholeNumber,
} from './fields.ts';
import { clusterTls } from './tls-schema.ts';

/*
 * One cluster: its nodes, the services that use it, and from when on something is trouble.
 */

const epmdExpected = 'host:port, or false';
const LARGEST_PORT = 65_535;

/** A socket throws at a port that cannot be. */
const hasPort = (address: string): boolean => {
  const port = Number(address.replace(/^.*:/, ''));
  return port >= 1 && port <= LARGEST_PORT;
};

const node = z.strictObject({
  name: textField('a RabbitMQ node name such as rabbit@server-44').regex(/^[^\s@]+@[^\s@]+$/, {
    error: 'a RabbitMQ node name such as rabbit@server-44',
  }),
  management: address(['http', 'https'], 'https://10.3.0.44:15671'),
  amqp: address(['amqp', 'amqps'], 'amqps://10.3.0.44:5671').optional(),
  epmd: z
    .union(
      [
        z.literal(false),
        z
          .string()
          .regex(/^[^\s:]+:\d+$/, { error: epmdExpected })
          .refine(hasPort, { error: epmdExpected }),
      ],
      {
        error: epmdExpected,
      },
    )
    .optional(),
  host: textField('the name of an entry under hosts').optional(),
  prometheus: address(['http', 'https'], 'http://10.3.0.44:15692').optional(),
});

const reachedBy = z.union(
  [
    z.strictObject({
      transportUrl: textField('a transport URL').regex(/^[a-z+]+:\/\/\S+$/),
    }),
    z.strictObject({
      haproxy: z.strictObject({ host: textField('a host'), path: textField('a path').startsWith('/') }),
    }),
  ],
  { error: '{ transportUrl: rabbit://… } or { haproxy: { host: …, path: /… } }' },
);

const service = z.strictObject({
  name: textField('the service’s name, such as cinder-scheduler'),
  queues: regularExpression('^cinder-scheduler'),
  host: textField('the name of an entry under hosts, or from-connection').default('from-connection'),
  unit: textField('the unit, container or workload to restart').optional(),
  restart: oneOfField(presetNames).optional(),
  exchange: textField('the exchange its queues are bound to, such as nova').optional(),
  probe: oneOfField(['auto', 'ping', 'ignoreErrors', 'baseapi', 'off']).optional(),
  rpcVersion: textField('an RPC version in quotes, such as "6.0"')
    .regex(/^\d+\.\d+(\.\d+)?$/, { error: 'an RPC version in quotes, such as "6.0"' })
    .optional(),
});

const count = wholeNumber(0, 1_000_000_000);

/** How long after the first look a deletion takes its second one. */
export const looksApart = duration(0, '30s');

const detection = z.strictObject({
  backlogReady: count.optional(),
  backlogDrained: count.optional(),
  zombieAfter: duration(1_000, '10m').optional(),
  zombieCriticalReady: count.optional(),
  looksApart: looksApart.optional(),
  channelsWarning: count.optional(),
  channelsCritical: count.optional(),
  channelsGrowth: count.optional(),
  deafProbes: wholeNumber(2, 20).optional(),
  resolveAfterSweeps: wholeNumber(1, 1_000).optional(),
  ignoreQueues: z
    .array(regularExpression('^audit\\.'), { error: 'a list of regular expressions' })
    .optional(),
});

/** One entry under `clusters`. */
export const clusterSchema = z.strictObject({
  name,
  channel: channel.optional(),
  vhost: textField('a vhost such as /').default('/'),
  username: textField('the management user'),
  password: textField('the management user’s password'),
  tls: clusterTls.optional(),
  nodes: z.array(node, { error: 'a list of nodes' }).min(1, { error: 'at least one node' }),
  reachedBy: reachedBy.optional(),
  services: z.array(service, { error: 'a list of services' }).default([]),
  detection: detection.optional(),
  partitionHandling: oneOfField(['ignore', 'autoheal', 'pause_minority']).optional(),
  protect: z
    .strictObject({
      queues: z.array(regularExpression('^billing'), { error: 'a list of regular expressions' }).default([]),
      vhosts: z.array(textField('a vhost such as /'), { error: 'a list of vhosts' }).default([]),
    })
    .optional(),
});
