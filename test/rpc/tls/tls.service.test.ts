import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  BrokerUnreachable,
  getRpcClient,
  getRpcServer,
  getTransport,
  InvalidTlsOptions,
  InvalidTransportUrl,
  ManagementError,
  openManagement,
  Target,
  type TlsOptions,
  type Transport,
  type TransportEvent,
} from '../../../src/rpc/index.ts';
import type { Certificate } from '../../support/certificates.ts';
import { startTlsBroker, type TlsBroker } from '../../support/tls-broker.ts';
import { until } from '../broker.ts';

let broker: TlsBroker;
const opened: Transport[] = [];

beforeAll(async () => {
  broker = await startTlsBroker();
}, 180_000);
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.cleanup()));
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

const limits = { timeoutMs: 10_000 };

/** A transport as a service would have it: everything in the URL. */
function transportTo(
  port: number,
  query: Readonly<Record<string, string>>,
  more: {
    readonly tls?: TlsOptions;
    readonly host?: string;
    readonly onEvent?: (event: TransportEvent) => void;
  } = {},
): Transport {
  const { host = '127.0.0.1', ...options } = more;
  const user = `${broker.user}:${broker.password}@`;
  const transport = getTransport(`rabbit://${user}${host}:${port}/?${new URLSearchParams(query)}`, {
    reconnect: { initialDelayMs: 20, maxDelayMs: 200 },
    ...options,
  });
  opened.push(transport);
  return transport;
}

const trusting = () => ({ ssl: '1', ssl_ca_file: broker.authority.certificateFile });
const showing = ({ certificateFile, keyFile }: Certificate) => ({
  ...trusting(),
  ...{ ssl_cert_file: certificateFile, ssl_key_file: keyFile },
});

async function refusal(transport: Transport): Promise<string> {
  const error = await transport.connect(10_000).catch((thrown: unknown) => thrown);
  if (!(error instanceof BrokerUnreachable)) {
    throw new Error(`not refused: ${error}`);
  }
  expect(error.message).not.toContain(`:${broker.password}@`);
  expect(error.message).not.toMatch(/\n|routines|BEGIN/);
  return error.message;
}

describe('a call over TLS', () => {
  async function answerOver(transport: Transport): Promise<unknown> {
    const target = new Target({ topic: 'tls', server: 'one' });
    const server = getRpcServer(transport, target, [{ double: (_: unknown, { n }: { n: number }) => n * 2 }]);
    await server.start();
    return await getRpcClient(transport, target).call({}, 'double', { n: 21 });
  }

  test('is answered when the CA is given', async () => {
    expect(await answerOver(transportTo(broker.amqpsPort, trusting()))).toBe(42);
    const shown = await shownConnections();
    expect(shown).toContainEqual(expect.objectContaining({ user: broker.user, ssl: true }));
  });

  test('carries what is larger than a record of TLS', async () => {
    const transport = transportTo(broker.amqpsPort, trusting());
    const target = new Target({ topic: 'large', server: 'one' });
    await getRpcServer(transport, target, [{ same: (_: unknown, { it }: { it: string }) => it }]).start();
    const text = 'ü'.repeat(1_000_000);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => getRpcClient(transport, target).call({}, 'same', { it: text })),
    );
    expect(answers.every((answer) => answer === text)).toBe(true);
  });

  test('is answered again after the broker has closed the connection', async () => {
    const events: string[] = [];
    const transport = transportTo(broker.amqpsPort, trusting(), { onEvent: ({ kind }) => events.push(kind) });
    expect(await answerOver(transport)).toBe(42);
    await closeAtTheBroker(transport);
    expect(await getRpcClient(transport, new Target({ topic: 'tls' })).call({}, 'double', { n: 4 })).toBe(8);
    expect(events.filter((kind) => kind === 'connected')).toHaveLength(2);
  });

  test('goes through a listener that wants a certificate, when one is shown', async () => {
    expect(await answerOver(transportTo(broker.strictPort, showing(broker.client)))).toBe(42);
  });

  test('logs in as whom the certificate names, with EXTERNAL', async () => {
    const { certificateFile, keyFile } = broker.client;
    const query = new URLSearchParams({
      ...{ ssl: '1', ssl_ca_file: broker.authority.certificateFile, rabbit_login_method: 'EXTERNAL' },
      ...{ ssl_cert_file: certificateFile, ssl_key_file: keyFile },
    });
    const transport = getTransport(`rabbit://127.0.0.1:${broker.strictPort}/?${query}`);
    opened.push(transport);
    expect(await answerOver(transport)).toBe(42);
    expect(await shownConnections()).toContainEqual(
      expect.objectContaining({ user: 'watership', auth_mechanism: 'EXTERNAL', ssl: true }),
    );
  });
});

describe('the name in the certificate', () => {
  test('may be another than that of the host, if it is said', async () => {
    await transportTo(broker.amqpsPort, trusting(), { tls: { serverName: 'broker.test' } }).connect(10_000);
    await transportTo(
      broker.amqpsPort,
      { ...trusting(), ssl_enforce_hostname_verification: '0' },
      {
        host: 'localhost',
      },
    ).connect(10_000);
  });

  test('does not matter less than who signed it: without a check of the name the CA is still checked', async () => {
    const query = {
      ssl: '1',
      ssl_ca_file: broker.stranger.certificateFile,
      ssl_enforce_hostname_verification: '0',
    };
    expect(await refusal(transportTo(broker.amqpsPort, query))).toContain(
      'not signed by a CA that is trusted here',
    );
  });
});

describe('refused, with what to do', () => {
  test.each<[string, () => Transport, string]>([
    [
      'a broker of an unknown CA',
      () => transportTo(broker.amqpsPort, { ssl: '1', ssl_ca_file: broker.stranger.certificateFile }),
      'its certificate is not signed by a CA that is trusted here (SELF_SIGNED_CERT_IN_CHAIN): configure the CA that signed it',
    ],
    [
      'a broker of a CA that nobody gave',
      () => transportTo(broker.amqpsPort, { ssl: '1' }),
      'its certificate is not signed by a CA that is trusted here',
    ],
    [
      'a name that is not in the certificate',
      () => transportTo(broker.amqpsPort, trusting(), { host: 'localhost' }),
      "its certificate is for another name (Host: localhost. is not in the cert's altnames: IP Address:127.0.0.1, DNS:broker.test): connect by a name",
    ],
    [
      'no client certificate where one is wanted',
      () => transportTo(broker.strictPort, trusting()),
      // The alert, or the end of the connection where that came first.
      'client certificate',
    ],
    [
      'no TLS where it is wanted',
      () => transportTo(broker.amqpsPort, {}),
      ': if this is the TLS port, enable TLS (ssl=1, amqps:)',
    ],
    [
      'TLS where it is not wanted',
      () => transportTo(broker.amqpPort, trusting()),
      'what answers there does not speak TLS: check the port',
    ],
    [
      'EXTERNAL without a certificate',
      () => transportTo(broker.amqpsPort, { ...trusting(), rabbit_login_method: 'EXTERNAL' }),
      'EXTERNAL takes the user from the client certificate: configure one',
    ],
  ])('%s', async (_, transport, told) => {
    const message = await refusal(transport());
    expect(message).toMatch(/^No connection to the broker \((?:127\.0\.0\.1|localhost):\d+\): /);
    expect(message).toContain(told);
  });

  test('a client certificate that nobody trusts', async () => {
    const stranger = await broker.stranger.sign('watership');
    expect(await refusal(transportTo(broker.strictPort, showing(stranger)))).toContain(
      'it refuses the client certificate',
    );
  });
});

describe('before anything is sent', () => {
  function told(open: () => unknown): string {
    try {
      open();
    } catch (error) {
      if (error instanceof InvalidTransportUrl || error instanceof InvalidTlsOptions) {
        return error.message;
      }
      throw error;
    }
    throw new Error('nothing is wrong with it');
  }

  test('a CA file that is not there is told by its setting and path', () => {
    const message = told(() => transportTo(1, { ssl: '1', ssl_ca_file: '/nowhere/ca.pem' }));
    expect(message).toContain("the URL's setting ssl_ca_file cannot be read (ENOENT");
    expect(message).toContain('/nowhere/ca.pem');
  });

  test('a CA file that holds no certificate', () => {
    const path = join(broker.authority.certificateFile, '..', 'empty.pem');
    writeFileSync(path, 'no certificate\n');
    expect(told(() => transportTo(1, { ssl: '1', ssl_ca_file: path }))).toBe(
      `The file of the URL's setting ssl_ca_file (${path}) holds no certificate in PEM (-----BEGIN CERTIFICATE-----).`,
    );
  });

  test('a key of another certificate, and a certificate without its key', () => {
    const { certificateFile, certificate } = broker.client;
    const { keyFile } = broker.authority;
    const query = { ...trusting(), ssl_cert_file: certificateFile, ssl_key_file: keyFile };
    expect(told(() => transportTo(1, query))).toContain('ssl_key_file');
    expect(told(() => transportTo(1, query))).toContain('is not the key of the certificate');
    expect(told(() => getTransport('rabbit://h', { tls: { certificate } }))).toBe(
      'The option tls.key is missing beside the certificate.',
    );
    expect(told(() => openManagement({ ...management(), tls: { ca: 'x' } }))).toContain(
      'tls.ca for node holds no',
    );
  });

  test('a certificate whose file holds the key too needs no other, as in Python', async () => {
    const path = join(broker.authority.certificateFile, '..', 'both.pem');
    writeFileSync(path, `${broker.client.key}${broker.client.certificate}`);
    await transportTo(broker.strictPort, { ...trusting(), ssl_cert_file: path }).connect(10_000);
  });
});

const management = (host = '127.0.0.1', port?: number) => ({
  ...{ node: 'node', username: broker.user, password: broker.password },
  url: `https://${host}:${port ?? broker.httpsPort}`,
});

describe('the management API over https', () => {
  const ca = () => broker.authority.certificate;

  test('answers when the CA is given', async () => {
    expect((await openManagement({ ...management(), tls: { ca: ca() } }).whoAmI(limits)).name).toBe(
      broker.user,
    );
    const byName = { ...management('localhost'), tls: { ca: ca(), serverName: 'broker.test' } };
    expect((await openManagement(byName).whoAmI(limits)).name).toBe(broker.user);
  });

  test.each<[string, () => Parameters<typeof openManagement>[0], string]>([
    [
      'an unknown CA',
      () => ({ ...management(), tls: { ca: broker.stranger.certificate } }),
      'its certificate is not signed by a CA that is trusted here',
    ],
    [
      'a wrong name',
      () => ({ ...management('localhost'), tls: { ca: ca() } }),
      'its certificate is for another name (Host: localhost.',
    ],
    [
      'a port without TLS',
      () => ({ ...management('127.0.0.1', broker.managementPort), tls: { ca: ca() } }),
      'what answers there does not speak TLS',
    ],
    [
      'no TLS to a port with it',
      () => ({ ...management(), url: `http://127.0.0.1:${broker.httpsPort}` }),
      'whether it needs https',
    ],
  ])('refuses %s, with what to do', async (_, endpoint, told) => {
    const error = await openManagement(endpoint())
      .whoAmI(limits)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ManagementError);
    expect(String(error)).toContain(told);
    expect(String(error)).not.toMatch(/\n|routines/);
  });
});

/** As the broker shows them, when it shows that they are logged in. */
const shownConnections = () =>
  until(async () => {
    const rows = await manage('GET', '/connections?columns=name,user,ssl,auth_mechanism,client_properties');
    return Array.isArray(rows) && rows.some(({ user }) => user !== undefined) ? rows : undefined;
  });

async function closeAtTheBroker({ connectionName }: Transport): Promise<void> {
  const name = await until(async () => {
    const rows = await shownConnections();
    const row = rows.find((each) => each.client_properties?.connection_name === connectionName);
    return typeof row?.name === 'string' ? String(row.name) : undefined;
  });
  await manage('DELETE', `/connections/${encodeURIComponent(name)}`);
}

async function manage(method: 'GET' | 'DELETE', path: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${broker.managementPort}/api${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(`${broker.user}:${broker.password}`)}` },
  });
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
}
