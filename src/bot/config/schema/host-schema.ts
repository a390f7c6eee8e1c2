// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file
import { z } from 'zod';
import { presetNames, privateKeyProblem, readPin } from '../../../runbooks/index.ts';
import { command, duration, keys, oneOfField, port, textField, yesOrNo } from './fields.ts';

/** Environment variable in which an SSH agent says where it listens. */
export const AGENT_VARIABLE = 'SSH_AUTH_SOCK';

/*
 * One entry under `hosts`, by `via`. What all ways have in common, and what each needs for itself.
 */

/** How services and the broker run on a machine. A cluster of Kubernetes is none. */
export const machinePreset = oneOfField(['systemd', 'kolla-docker', 'kolla-podman', 'custom']).default(
  'systemd',
);

const common = {
  operations: z
    .record(z.string(), command, { error: 'a mapping from operation to the words of its command' })
    .default({}),
  addresses: z.array(textField('an address'), { error: 'a list of addresses' }).default([]),
};

/** Where the bot gives the commands itself. */
const commanded = {
  ...common,
  preset: oneOfField(presetNames).default('systemd'),
  sudo: yesOrNo.default(false),
  namespace: textField('a Kubernetes namespace such as openstack')
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'a Kubernetes namespace such as openstack' })
    .optional(),
};

const local = z.strictObject({ via: z.literal('local'), ...commanded });

const path = (expected: string) => textField(expected).startsWith('/', { error: expected });
const keyExpected = 'the text of a private key, such as ${file:/etc/watership/id_ed25519}';
const socketExpected = "true, or the path of an SSH agent's socket";
const pinExpected = "the host's public key (ssh-ed25519 AAAA…) or its fingerprint (SHA256:…)";

const ssh = z
  .strictObject({
    via: z.literal('ssh'),
    ...commanded,
    address: textField('a host name or an address')
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$|^::[A-Fa-f0-9:.]*$/, {
        error: 'a host name or an address, without user and port',
      })
      .optional(),
    port: port.default(22),
    user: textField('the user to log in as').regex(/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/, {
      error: 'the user to log in as, such as ops',
    }),
    key: textField(keyExpected).optional(),
    passphrase: textField('the passphrase of the key').optional(),
    agent: z.union([z.literal(true), path(socketExpected)], { error: socketExpected }).optional(),
    knownHosts: path('the absolute path of a known_hosts file').optional(),
    hostKey: textField(pinExpected)
      .refine((value) => readPin(value) !== undefined, { error: pinExpected })
      .optional(),
    jump: textField('the name of another entry under hosts').optional(),
    connectTimeout: duration(100, '10s').default(10_000),
  })
  .check(({ value: { key, passphrase, agent, knownHosts, hostKey }, issues }) => {
    const tell = (at: string, message: string) =>
      issues.push({ code: 'custom', path: [at], message, input: undefined });
    const problem = key === undefined ? undefined : privateKeyProblem(key, passphrase);
    if (problem !== undefined) {
      tell('key', `${keyExpected}; this one ${problem}`);
    }
    if (key === undefined && agent === undefined) {
      tell('key', 'a private key, such as ${file:/etc/watership/id_ed25519}, or agent: true');
    }
    if (knownHosts !== undefined && hostKey !== undefined) {
      tell('hostKey', 'either hostKey or knownHosts, because each says which key is right');
    }
  });

const agent = z.strictObject({
  via: z.literal('agent'),
  ...common,
  preset: machinePreset,
  keys: keys.optional(),
});

/** One entry under `hosts`. */
export const hostSchema = z.discriminatedUnion('via', [local, ssh, agent], {
  error: '"local" or "ssh" or "agent"',
});
