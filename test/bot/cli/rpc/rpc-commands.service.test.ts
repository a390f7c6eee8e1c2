// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../../sandbox/wait.ts';
import { getNotifier, getRpcServer, Target } from '../../../../src/rpc/index.ts';
import { openTestBroker, type TestBroker } from '../../../rpc/broker.ts';
import { configFile, runProgram, runProgramWith } from '../run-program.ts';

let broker: TestBroker;
beforeEach(() => {
  broker = openTestBroker();
});
afterEach(() => broker.close());

const url = (): string => inject('amqpUrl').replace('amqp://', 'rabbit://');
const variables = () => ({ WATERSHIP_URL: url() });
const soon = { withinMs: 20_000 };
/** For what begins with a process of its own, on a busy machine. */
const late = { withinMs: 60_000 };

function config(queues = '^nobody'): string {
  const amqp = new URL(inject('amqpUrl'));
  return configFile(
    JSON.stringify({
      slack: { botToken: '${BOT}', appToken: '${APP}', channel: 'C0ALERTS' },
      clusters: [
        {
          name: 'house',
          username: amqp.username,
          password: `\${file:${configFile(amqp.password)}}`,
          nodes: [
            {
              name: 'rabbit@localhost',
              management: new URL(inject('managementUrl')).origin,
              amqp: `amqp://${amqp.host}`,
              epmd: false,
            },
          ],
          services: [{ name: 'the-service', queues }],
        },
      ],
    }),
  );
}

async function serve(endpoint: object = {}) {
  const exchange = broker.unique('exchange');
  const topic = broker.unique('topic');
  const transport = broker.transport({ controlExchange: exchange });
  await getRpcServer(transport, new Target({ topic, server: 'host1' }), [endpoint], {
    bindingCheckMs: 0,
  }).start();
  return { exchange, topic, transport };
}

describe('call and cast', () => {
  test('print what the service answers; the exchange is found by the queue’s binding', async () => {
    const { topic } = await serve({
      echo: (context: object, args: object) => ({ context, args, big: 2n ** 60n }),
      fail: () => {
        throw new TypeError('no such host');
      },
    });
    const common = ['--config', config()];
    const args = ['--args', '{"host": "cmp1"}', '--context', '{"user": "alice"}'];
    const called = await runProgram('call', topic, 'echo', '--server', 'host1', ...args, ...common);
    expect(called).toMatchObject({ exitCode: 0, err: '' });
    expect(called.out).toContain('"args":{"host":"cmp1"},"big":1152921504606846976');
    expect(called.out).toContain('"user":"alice"');

    const json = await runProgram('call', topic, 'echo', '--json', ...common);
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, result: { args: {} } });

    const failed = await runProgram('call', topic, 'fail', '--json', ...common);
    expect(JSON.parse(failed.out)).toMatchObject({
      ok: false,
      error: { kind: 'RemoteError', value: 'no such host' },
    });
    expect(failed.exitCode).toBe(1);

    const unknown = await runProgram('call', topic, 'no_such', ...common);
    expect(unknown.err).toContain('NoSuchMethod');
    expect(unknown.exitCode).toBe(1);
  });

  test('a cast arrives, at one server or at all', async () => {
    const heard: object[] = [];
    const { topic, exchange } = await serve({
      hear: (_context: object, args: object) => void heard.push(args),
    });
    const where = ['--exchange', exchange, '--url', url()];
    const one = await runProgram('cast', topic, 'hear', '--args', '{"n": 1}', ...where);
    const all = await runProgram('cast', topic, 'hear', '--fanout', '--args', '{"n": 2}', '--url', url());
    expect([one.exitCode, all.exitCode, one.out]).toEqual([
      0,
      0,
      'The broker accepted the request. A cast gets no answer.\n',
    ]);
    await waitFor('both', () => heard.length === 2, soon);
    expect(heard).toEqual(expect.arrayContaining([{ n: 1 }, { n: 2 }]));
  });

  test('nobody there is said at once, and no exchange is left behind', async () => {
    const exchange = broker.unique('nowhere');
    const words = ['nobody', 'echo', '--exchange', exchange];
    const called = await runProgramWith({ variables: variables() }, 'call', ...words);
    expect(called.exitCode).toBe(2);
    expect(called.err).toContain('404');
    expect((await runProgramWith({ variables: variables() }, 'cast', ...words)).exitCode).toBe(2);
    await expect(broker.raw((channel) => channel.checkExchange(exchange))).rejects.toThrow('404');
  });
});

describe('watership probe', () => {
  test('without a server lists every server of the topic, and the shared queue', async () => {
    const { topic } = await serve();
    const common = ['--config', config(`^${topic}`)];
    const rows = await waitFor(
      'all of them listed',
      async () => {
        const { out } = await runProgram('probe', topic, '--json', ...common);
        const { services } = JSON.parse(out) as {
          readonly services: readonly { readonly queue: string; readonly verdict: string }[];
        };
        return services.length === 2 && services.every(({ verdict }) => verdict === 'alive')
          ? services
          : undefined;
      },
      soon,
    );
    expect(rows).toMatchObject([
      { cluster: 'house', queue: topic, verdict: 'alive' },
      { cluster: 'house', queue: `${topic}.host1`, verdict: 'alive' },
    ]);
    const { out, exitCode } = await runProgram('probe', topic, ...common);
    expect(out).toMatch(new RegExp(`^QUEUE .*\\n${topic} +alive +\\d+ ms +(1|-) +It answered`));
    expect(exitCode).toBe(0);

    const all = await waitFor(
      'its consumers listed',
      async () => {
        const told = await runProgram('probe', '--all', ...common);
        return told.exitCode === 0 && told.out.includes(`${topic}.host1`) ? told : undefined;
      },
      soon,
    );
    expect(all.out).toMatch(/alive/);
  });

  test('of a server that is not there exits 1, of a queue without its binding 2', async () => {
    const { topic, exchange } = await serve();
    const common = ['--config', config()];
    const absent = await runProgram('probe', topic, 'host2', ...common);
    expect(absent.out).toMatch(/host2 +absent/);
    expect(absent.exitCode).toBe(1);
    await broker.raw((channel) => channel.unbindQueue(topic, exchange, topic));
    await broker.raw((channel) => channel.unbindQueue(`${topic}.host1`, exchange, `${topic}.host1`));
    const unbound = await runProgram('probe', topic, 'host1', ...common);
    expect(unbound.out).toContain('No exchange routes to it under its own name, although it has 1 consumer.');
    expect(unbound.out).toMatch(/host1 +unbound/);
    expect(unbound.exitCode).toBe(2);
  });

  test('with a URL alone asks for the topic, and says what it cannot list', async () => {
    const { topic, exchange } = await serve();
    const { out, exitCode } = await runProgramWith(
      { variables: variables() },
      'probe',
      topic,
      '--exchange',
      exchange,
    );
    expect(out).toContain('alive');
    expect(out).toContain('The servers of a topic can be listed only with --config.');
    expect(exitCode).toBe(0);
  });
});

/** Taps on this exchange: queues that the broker named, bound to it. */
async function taps(exchange: string): Promise<number> {
  const rows = await broker.manage('GET', `/exchanges/%2F/${exchange}/bindings/source`);
  return Array.isArray(rows)
    ? rows.filter(({ destination }) => String(destination).startsWith('amq.gen')).length
    : -1;
}

/** Says something until the test has heard enough: a tap hears only what passes while it listens. */
async function keepSaying(
  transport: ReturnType<TestBroker['transport']>,
  until: () => boolean,
  limit = soon,
): Promise<void> {
  const notifier = getNotifier(transport, { publisherId: 'compute.cmp1', topics: ['notifications'] });
  const payload = { state: 'active', admin_password: 's3cret', url: 'rabbit://nova:s3cret@h/' };
  await waitFor(
    'it to be heard',
    async () => {
      await notifier.info({ auth_token: 's3cret', user: 'alice' }, 'instance.create', payload);
      return until();
    },
    limit,
  );
}

describe('watership tap', () => {
  test('prints event and payload, a message a line, and masks what is secret', async () => {
    const { transport, exchange } = await serve();
    for (const isJson of [true, false]) {
      let heard = '';
      const words = [
        'tap',
        exchange,
        'notifications.#',
        '--max-messages',
        '2',
        ...(isJson ? ['--json'] : []),
      ];
      const onOut = (text: string): void => {
        heard += text;
      };
      const tapping = runProgramWith({ variables: variables(), onOut }, ...words);
      await keepSaying(transport, () => heard.split('\n').length > 2);
      const { out, exitCode } = await tapping;
      expect(exitCode).toBe(0);
      expect(out).not.toContain('s3cret');
      const lines = out.trimEnd().split('\n');
      expect(lines).toHaveLength(2);
      if (isJson) {
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({
          exchange,
          routingKey: 'notifications.info',
          eventType: 'instance.create',
          payload: { state: 'active', admin_password: '***' },
          context: {},
        });
      } else {
        expect(lines[0]).toContain(`${exchange}  notifications.info  instance.create  {"state":"active"`);
      }
    }
    expect(await taps(exchange)).toBe(0);
  });

  test('shows all of it when that is asked for', async () => {
    const { transport, exchange } = await serve();
    let heard = '';
    const onOut = (text: string): void => {
      heard += text;
    };
    const words = ['tap', exchange, '#', '--unmask', '--max-messages', '1'];
    const tapping = runProgramWith({ variables: variables(), onOut }, ...words);
    await keepSaying(transport, () => heard !== '');
    expect((await tapping).out).toContain('"admin_password":"s3cret"');
  });

  test('ends when it is asked to, with nothing left behind', async () => {
    const { exchange } = await serve();
    let stop: ((signal: string) => void) | undefined;
    const onStop = (given: (signal: string) => void): void => {
      stop = given;
    };
    const tapping = runProgramWith({ variables: variables(), onStop }, 'tap', exchange, '#');
    await waitFor('its queue', async () => (await taps(exchange)) === 1, soon);
    stop?.('SIGTERM');
    expect(await tapping).toMatchObject({ exitCode: 0, out: '', err: '' });
    expect(await taps(exchange)).toBe(0);
  });

  test('of an exchange that does not exist says so, and creates none', async () => {
    const exchange = broker.unique('nowhere');
    const { exitCode, err } = await runProgramWith({ variables: variables() }, 'tap', exchange, '#');
    expect(err).toMatch(
      new RegExp(`^No exchange named “${exchange}” on vhost \\S+\\. rabbitmqctl list_exchanges`),
    );
    expect(exitCode).toBe(3);
    await expect(broker.raw((channel) => channel.checkExchange(exchange))).rejects.toThrow('404');
  });

  /** The program itself, as a shell starts it. */
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
  });

  function start(...words: readonly string[]) {
    const main = resolve(import.meta.dirname, '../../../../src/bot/main.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...variables() },
    });
    children.push(child);
    return child;
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves nothing behind after %s',
    async (signal) => {
      const { exchange } = await serve();
      const child = start('tap', exchange, '#');
      await waitFor('its queue', async () => (await taps(exchange)) === 1, late);
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code] = await exited;
      expect(code).toBe(signal === 'SIGKILL' ? null : 0);
      await waitFor('its queue to be gone', async () => (await taps(exchange)) === 0, late);
    },
    150_000,
  );

  test('ends when nobody reads it any more, as behind head', async () => {
    const { exchange, transport } = await serve();
    const child = start('tap', exchange, '#');
    let isOver = false;
    const exited = once(child, 'exit').then(([code]) => {
      isOver = true;
      return code as number | null;
    });
    let said = '';
    child.stderr.on('data', (part) => {
      said += String(part);
    });
    child.stdout.once('data', () => child.stdout.destroy());
    await keepSaying(transport, () => isOver, late);
    expect([await exited, said]).toEqual([0, '']);
    await waitFor('its queue to be gone', async () => (await taps(exchange)) === 0, late);
  }, 150_000);
});
