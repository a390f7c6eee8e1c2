import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connectSlack, type SlackConnection } from '../../../../src/bot/slack/app/connect.ts';
import { createHttpReceiver } from '../../../../src/bot/slack/http/http-receiver.ts';
import { checkSignature } from '../../../../src/bot/slack/http/signature.ts';
import { pressed, typed } from '../../fakes/receiver.ts';
import { ALICE, CHANNEL, createWorld, type World } from '../../fakes/world.ts';

const SECRET = 'signing-secret';
const OLD_SECRET = 'the-secret-of-yesterday';
const connections: SlackConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) {
    await connection.stop();
  }
});

async function listening(world: World = createWorld()) {
  const port = await freePort();
  const slack = {
    mode: 'http' as const,
    botToken: 'xoxb-test',
    signingSecrets: [SECRET, OLD_SECRET],
    port,
    channel: CHANNEL,
    // Nobody listens there: what is said to Slack is lost, and what was done stays done.
    apiUrl: 'http://127.0.0.1:9/api/',
  };
  const context = { ...world.context, config: { ...world.context.config, slack } };
  const connection = await connectSlack(context);
  connections.push(connection);
  await connection.start();
  const url = `http://127.0.0.1:${port}/slack/events`;
  const post = (body: string, change: Partial<Sending> = {}) => {
    const { secret = SECRET, aheadMs = 0, type = FORM, headers = {} } = change;
    const signature = signed(body, secret, world.clock.now() + aheadMs);
    return fetch(url, { method: 'POST', body, headers: { ...signature, 'content-type': type, ...headers } });
  };
  return { ...world, url, port, post, connection };
}

interface Sending {
  readonly secret: string;
  readonly aheadMs: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function signed(body: string, secret: string, atMs: number): Record<string, string> {
  const stamp = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', secret).update(`v0:${stamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': stamp, 'x-slack-signature': `v0=${signature}` };
}

const click = `payload=${encodeURIComponent(
  JSON.stringify(pressed(ALICE, CHANNEL, { action_id: 'incident:ack', value: 'INC-0412' })),
)}`;

describe('a signature', () => {
  const nowSeconds = 1_800_000_000;
  test.each<[string, string, string]>([
    ['five minutes old', String(nowSeconds - 300), 'genuine'],
    ['older than that', String(nowSeconds - 301), 'refused'],
    ['a minute ahead', String(nowSeconds + 60), 'genuine'],
    ['further ahead', String(nowSeconds + 61), 'refused'],
    ['of a time with something behind it', `${nowSeconds}x`, 'refused'],
    ['of a time with something before it', `-${nowSeconds}`, 'refused'],
    ['of no time', 'NaN', 'refused'],
  ])('that is right and %s (%s) is %s', (_, timestamp, kind) => {
    const digest = createHmac('sha256', SECRET).update(`v0:${timestamp}:${click}`).digest('hex');
    const headers = { timestamp, signature: `v0=${digest}` };
    expect(checkSignature([SECRET], headers, Buffer.from(click), nowSeconds * 1_000 + 999).kind).toBe(kind);
  });

  const sign = (body: string | Buffer): string =>
    createHmac('sha256', SECRET).update(`v0:${nowSeconds}:`).update(body).digest('hex');
  const check = (signature: string, body: Buffer): string =>
    checkSignature([SECRET], { timestamp: String(nowSeconds), signature }, body, nowSeconds * 1_000).kind;

  test('of a text is not one of other bytes that read as the same text', () => {
    const signature = `v0=${sign('text=\uFFFD')}`;
    expect(check(signature, Buffer.from('text=\uFFFD'))).toBe('genuine');
    expect(check(signature, Buffer.from([...Buffer.from('text='), 0xff]))).toBe('refused');
  });

  test.each([
    ['nothing before it', (hash: string) => hash],
    ['another version', (hash: string) => `v1=${hash}`],
    ['something behind it', (hash: string) => `v0=${hash}=v0`],
    ['half of it', (hash: string) => `v0=${hash.slice(0, 32)}`],
    ['nothing of it', () => 'v0='],
    ['nothing at all', () => ''],
  ])('that is right, but sent with %s, is refused', (_what, write) => {
    expect(check(`v0=${sign(click)}`, Buffer.from(click))).toBe('genuine');
    expect(check(write(sign(click)), Buffer.from(click))).toBe('refused');
  });
});

describe('over HTTP', () => {
  test.each([
    ['the secret', SECRET],
    ['the secret before it, while it is changed', OLD_SECRET],
  ])('a click signed with %s counts', async (_what, secret) => {
    const { open, stores, post, connection } = await listening();
    await open();
    expect((await post(click, { secret })).status).toBe(200);
    await connection.stop();
    expect(stores.kept.incidents.get('INC-0412')?.owner).toBe(ALICE);
  });

  test.each<[string, Partial<Sending>]>([
    ['with a wrong signature', { secret: 'other' }],
    ['signed with no secret at all', { secret: '' }],
    ['that is ten minutes old', { aheadMs: -600_000 }],
    ['from ten minutes in the future', { aheadMs: 600_000 }],
    ['without a signature', { headers: { 'x-slack-signature': '' } }],
    ['whose time is no number', { headers: { 'x-slack-request-timestamp': 'NaN' } }],
  ])('a click %s is refused', async (_what, sending) => {
    const { open, stores, post } = await listening();
    await open();
    expect((await post(click, sending)).status).toBe(401);
    expect(stores.kept.incidents.get('INC-0412')?.owner).toBeUndefined();
  });

  test('a click whose body was changed on its way is refused', async () => {
    const { open, stores, url, clock } = await listening();
    await open();
    const headers = { ...signed(click, SECRET, clock.now()), 'content-type': FORM };
    const body = click.replace('INC-0412', 'INC-0413');
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(401);
    expect(stores.kept.incidents.get('INC-0412')?.owner).toBeUndefined();
  });

  test('a clock that is half a minute slow does no harm', async () => {
    const { open, post } = await listening();
    await open();
    expect((await post(click, { aheadMs: 30_000 })).status).toBe(200);
  });

  test('a captured request that is sent again, also to another replica, counts once', async () => {
    const one = await listening();
    const two = await listening(one);
    await one.open();
    expect((await one.post(click)).status).toBe(200);
    expect((await two.post(click, { headers: { 'x-slack-retry-num': '1' } })).status).toBe(200);
    await Promise.all([one.connection.stop(), two.connection.stop()]);
    const counted = one.stores.kept.audit.filter(({ event }) => event === 'incident.acknowledged');
    expect(counted).toHaveLength(1);
  });

  test('a command that Slack sends again is carried out once', async () => {
    const { stores, post, connection } = await listening();
    const body = new URLSearchParams(
      typed(ALICE, CHANNEL, 'halt', 'http://127.0.0.1:9/unused') as Record<string, string>,
    ).toString();
    await post(body);
    await post(body, { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } });
    await connection.stop();
    expect(stores.kept.audit.filter(({ event }) => /halt/.test(event))).toHaveLength(1);
  });

  test('Slack hears the challenge that it asks for, and nobody else does', async () => {
    const { post } = await listening();
    const body = JSON.stringify({ type: 'url_verification', challenge: 'c-1' });
    const answer = await post(body, { type: JSON_TYPE });
    expect(await answer.json()).toEqual({ challenge: 'c-1' });
    expect((await post(body, { type: JSON_TYPE, secret: 'other' })).status).toBe(401);
  });

  test('the question whether the certificate is good is answered, and does nothing', async () => {
    const { url } = await listening();
    const headers = { 'content-type': FORM };
    expect((await fetch(url, { method: 'POST', body: 'ssl_check=1&token=x', headers })).status).toBe(200);
    expect((await fetch(`${url}?ssl_check=1`)).status).toBe(200);
    expect((await fetch(url, { method: 'POST', body: 'ssl_check=11', headers })).status).toBe(401);
  });

  test.each([
    ['another path', '/slack/install', 'POST', 404],
    ['the root', '/', 'GET', 404],
    ['a path that is none', '//', 'GET', 404],
    ['another method', '/slack/events', 'PUT', 405],
    ['a look at the address', '/slack/events', 'GET', 405],
  ])('%s is refused', async (_what, path, method, status) => {
    const { port } = await listening();
    expect((await fetch(`http://127.0.0.1:${port}${path}`, { method })).status).toBe(status);
  });

  test('what is too large is refused before it is read to its end, said or not', async () => {
    const { post, port } = await listening();
    expect((await post('x'.repeat(1_048_577))).status).toBe(413);
    // Without a length: the connection is closed on somebody who would go on for ever.
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /slack/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `${(65_536).toString(16)}\r\n${'y'.repeat(65_536)}\r\n`;
    const pump = (): void => {
      while (socket.writable && socket.write(chunk)) {
        // Until the buffer is full.
      }
    };
    socket.on('drain', pump);
    socket.on('error', () => undefined);
    pump();
    const [said] = await once(socket, 'data');
    expect(String(said)).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  test('the signature is over the bytes: others that read as the same text are refused', async () => {
    const { url, clock } = await listening();
    const text = JSON.stringify({ type: 'url_verification', challenge: '\ufffd' });
    const headers = { ...signed(text, SECRET, clock.now()), 'content-type': JSON_TYPE };
    const [before = '', after = ''] = text.split('\ufffd');
    const body = Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]);
    expect(body.toString('utf8')).toBe(text);
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(401);
    expect((await fetch(url, { method: 'POST', body: text, headers })).status).toBe(200);
  });

  test.each([
    ['with headers that come twice', ['x-slack-signature', 'x-slack-request-timestamp']],
    ['with a time that comes twice', ['x-slack-request-timestamp']],
  ])('a click %s does not count', async (_what, twice) => {
    const { url, clock } = await listening();
    const headers = new Headers({ ...signed(click, SECRET, clock.now()), 'content-type': FORM });
    for (const name of twice) {
      headers.append(name, headers.get(name) ?? '');
    }
    expect((await fetch(url, { method: 'POST', body: click, headers })).status).toBe(401);
  });

  test('a request without a signature is not taken apart, unless it is a short question about the certificate', async () => {
    const { url } = await listening();
    const send = async (body: string, type: string) =>
      (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).status;
    expect(await send(`${'a&'.repeat(500_000)}ssl_check=1`, FORM)).toBe(401);
    expect(await send(JSON.stringify({ text: '&ssl_check=1&' }), JSON_TYPE)).toBe(401);
  });

  test('who sends slowly or nothing is cut off, and does not hold the bot when it stops', async () => {
    const receiver = async () => {
      const port = await freePort();
      const { context } = createWorld();
      const { clock, log } = context;
      const opened = createHttpReceiver({ port, secrets: [SECRET], clock, log, requestMs: 100 });
      await opened.start();
      return { port, opened };
    };
    const half = 'POST /slack/events HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nab';
    const one = await receiver();
    for (const begun of [half, 'POST /slack', '']) {
      const socket = connect(one.port, '127.0.0.1');
      socket.write(begun);
      socket.resume();
      await once(socket, 'close');
    }
    await one.opened.stop();
    const two = await receiver();
    const held = connect(two.port, '127.0.0.1');
    held.on('error', () => undefined);
    // The answer to this says that the server has begun with it.
    held.write(half.replace('host:', 'expect: 100-continue\r\nhost:'));
    await once(held, 'data');
    await two.opened.stop();
    held.destroy();
  });

  test.each([
    ['neither form nor JSON', 'text/plain', click],
    ['JSON that is none', JSON_TYPE, '{'],
    ['a list', JSON_TYPE, '[1]'],
  ])('%s is refused, though it is signed', async (_what, type, body) => {
    const { post } = await listening();
    expect((await post(body, { type })).status).toBe(400);
  });

  test('what nobody listens for is told so', async () => {
    const { post } = await listening();
    const body = JSON.stringify(pressed(ALICE, CHANNEL, { action_id: 'unknown:button', value: 'x' }));
    expect((await post(`payload=${encodeURIComponent(body)}`)).status).toBe(404);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address === null || typeof address === 'string' ? 0 : address.port;
}
