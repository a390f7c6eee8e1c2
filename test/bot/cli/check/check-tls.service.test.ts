// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTlsBroker, type TlsBroker } from '../../../support/tls-broker.ts';
import { configFile, runProgramWith } from '../run-program.ts';

let broker: TlsBroker;

beforeAll(async () => {
  broker = await startTlsBroker();
}, 180_000);
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

/** The two lines of `check` about the node: management and AMQP. */
async function linesAbout(
  tls: string,
  addresses: { readonly management?: string; readonly amqp?: string } = {},
): Promise<readonly string[]> {
  const management = addresses.management ?? `https://127.0.0.1:${broker.httpsPort}`;
  const amqp = addresses.amqp ?? `amqps://127.0.0.1:${broker.amqpsPort}`;
  const config = configFile(`
slack: { botToken: "\${BOT}", appToken: "\${APP}", channel: C0ALERTS, apiUrl: "http://127.0.0.1:2/api/" }
redis: { url: "redis://127.0.0.1:1/0" }
clusters:
  - name: house
    username: ${broker.user}
    password: "\${RABBIT}"
    tls: ${tls}
    nodes: [ { name: rabbit@localhost, management: "${management}", amqp: "${amqp}", epmd: false } ]
`);
  const variables = { RABBIT: broker.password, CLIENT_KEY: broker.client.key };
  const { out, err } = await runProgramWith({ variables }, 'check', '--config', config);
  expect(err).toBe('');
  expect(out).not.toMatch(/routines:|BEGIN/);
  return out.split('\n').filter((line) => line.includes('house rabbit@localhost'));
}

const trusting = () => `{ ca: ${broker.authority.certificateFile} }`;

describe('check over TLS', () => {
  test('logs in to both, and tells that a certificate expires soon', async () => {
    expect(await linesAbout(trusting())).toEqual([
      expect.stringMatching(
        /^warning .*https:.*: RabbitMQ .*; a certificate of this node expires within 30 days/,
      ),
      expect.stringMatching(/^ok .*amqps:.*: login as watership accepted in vhost \/$/),
    ]);
  });

  test('logs in by certificate', async () => {
    const { certificateFile } = broker.client;
    const tls = `{ ca: ${broker.authority.certificateFile}, certificate: ${certificateFile}, key: "\${CLIENT_KEY}", login: certificate }`;
    const [, amqp] = await linesAbout(tls, { amqp: `amqps://127.0.0.1:${broker.strictPort}` });
    expect(amqp).toMatch(/^ok .*: login as CN=watership accepted in vhost \/$/);
  });

  test.each<[string, () => Promise<readonly string[]>, readonly [string, string]]>([
    [
      'an unknown CA',
      () => linesAbout(`{ ca: ${broker.stranger.certificateFile} }`),
      ['not signed by a CA that is trusted here', 'not signed by a CA that is trusted here'],
    ],
    [
      'a name that is not in the certificate',
      () =>
        linesAbout(trusting(), {
          management: `https://localhost:${broker.httpsPort}`,
          amqp: `amqps://localhost:${broker.amqpsPort}`,
        }),
      ['its certificate is for another name', 'its certificate is for another name'],
    ],
    [
      'TLS to the plain ports',
      () =>
        linesAbout(trusting(), {
          management: `https://127.0.0.1:${broker.managementPort}`,
          amqp: `amqps://127.0.0.1:${broker.amqpPort}`,
        }),
      ['does not speak TLS: check the port', 'does not speak TLS: check the port'],
    ],
    [
      'plain words to the TLS ports',
      () =>
        linesAbout(trusting(), {
          management: `http://127.0.0.1:${broker.httpsPort}`,
          amqp: `amqp://127.0.0.1:${broker.amqpsPort}`,
        }),
      ['whether it needs https', 'amqps:'],
    ],
    [
      'no client certificate where AMQP wants one',
      () => linesAbout(trusting(), { amqp: `amqps://127.0.0.1:${broker.strictPort}` }),
      ['RabbitMQ', 'client certificate'],
    ],
  ])('%s has a clear line', async (_, lines, [ofManagement, ofAmqp]) => {
    const [management, amqp] = await lines();
    expect(management).toContain(ofManagement);
    expect(amqp).toMatch(/^warning /);
    expect(amqp).toContain(ofAmqp);
  });
});
