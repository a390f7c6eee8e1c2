import { z } from 'zod';
import {
  getNotificationListener,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getTransport,
  type Notification,
  Target,
  type TargetFields,
} from '../../../src/rpc/index.ts';
import { type Counted, endpointLike } from './endpoint.ts';
import { turns } from './turns.ts';

/** What stands in for one fixture of theirs, until it is ended. */
interface StandIn {
  readonly taken: ReturnType<typeof turns<unknown>>;
  readonly counted: Counted;
  readonly end: () => Promise<void>;
}

/** Our side of a run: told what to do in the words of `functional.py`. */
export interface StandIns {
  carryOut(command: string, given: unknown): Promise<unknown>;
  end(): Promise<void>;
}

const target = z.custom<TargetFields>((value) => typeof value === 'object' && value !== null);
const byId = z.object({ id: z.number() });
const serveArguments = z.object({ target, methods: z.array(z.string()), served: target.nullable() });
const listenArguments = z.object({
  topics: z.array(z.string()),
  size: z.number().optional(),
  seconds: z.number().default(0),
});
const takeArguments = byId.extend({ seconds: z.number() });
const callArguments = z.object({
  target,
  method: z.string(),
  args: z.record(z.string(), z.unknown()),
  context: z.record(z.string(), z.unknown()),
  mandatory: z.boolean(),
  timeout: z.number().default(60),
  call_monitor_timeout: z.number().optional(),
});
const priorities = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'] as const;
const notifyArguments = z.object({
  publisher: z.string(),
  topics: z.array(z.string()),
  priority: z.enum(priorities),
  context: z.record(z.string(), z.unknown()),
  event: z.string(),
  payload: z.unknown(),
});

/** Begins with nothing standing. Every server and listener has a connection of its own, as theirs have. */
export function openStandIns(amqpUrl: string): StandIns {
  const standing = new Map<number, StandIn>();
  const transport = getTransport(amqpUrl);
  let last = 0;

  function stand(standIn: StandIn): number {
    last += 1;
    standing.set(last, standIn);
    return last;
  }
  function at(id: number): StandIn {
    const found = standing.get(id);
    if (found === undefined) {
      throw new Error(`There is nothing with the number ${id}.`);
    }
    return found;
  }

  async function serve(given: unknown): Promise<number> {
    const { target: fields, methods, served } = serveArguments.parse(given);
    const own = getTransport(amqpUrl);
    const counted = { ival: 0, sval: '' };
    const taken = turns<unknown>();
    // Their fixture is an endpoint itself, and its target is the server's.
    const fixture = { target: new Target(fields), ping: () => undefined, sync: () => taken.put('x') };
    const server = getRpcServer(own, new Target(fields), [endpointLike(methods, served, counted), fixture]);
    await server.start();
    const end = async (): Promise<void> => {
      await server.stop();
      await server.wait();
      await own.cleanup();
    };
    return stand({ taken, counted, end });
  }

  async function listen(given: unknown): Promise<number> {
    const { topics, size, seconds } = listenArguments.parse(given);
    const own = getTransport(amqpUrl);
    const taken = turns<unknown>();
    const eventOf = ({ priority, eventType, payload, publisherId }: Notification): unknown[] => [
      priority,
      eventType,
      payload,
      publisherId,
    ];
    const targets = topics.map((topic) => new Target({ topic }));
    const one = (notification: Notification): void => taken.put(eventOf(notification));
    const many = (batch: readonly Notification[]): void =>
      taken.put([batch[0]?.priority, batch.map(eventOf)]);
    const listener =
      size === undefined
        ? getNotificationListener(own, targets, [forEveryPriority(one)])
        : getNotificationListener(own, targets, [forEveryPriority(many)], {
            batchSize: size,
            batchTimeoutMs: seconds * 1_000,
          });
    await listener.start();
    const end = async (): Promise<void> => {
      await listener.stop();
      await listener.wait();
      await own.cleanup();
    };
    return stand({ taken, counted: { ival: 0, sval: '' }, end });
  }

  function clientFor(call: z.infer<typeof callArguments>) {
    const { call_monitor_timeout: monitor, mandatory, timeout } = call;
    return getRpcClient(transport, new Target(call.target), {
      timeoutMs: timeout * 1_000,
      mandatory,
      ...(monitor !== undefined && { callMonitorTimeoutMs: monitor * 1_000 }),
    });
  }

  const commands: Readonly<Record<string, (given: unknown) => Promise<unknown>>> = {
    serve,
    listen,
    async state(given) {
      return at(byId.parse(given).id).counted;
    },
    take(given) {
      const { id, seconds } = takeArguments.parse(given);
      return at(id).taken.take(seconds * 1_000);
    },
    async end(given) {
      const { id } = byId.parse(given);
      await at(id).end();
      standing.delete(id);
    },
    call(given) {
      const call = callArguments.parse(given);
      return clientFor(call).call(call.context, call.method, call.args);
    },
    cast(given) {
      const call = callArguments.parse(given);
      return clientFor(call).cast(call.context, call.method, call.args);
    },
    notify(given) {
      const { publisher, topics, priority, context, event, payload } = notifyArguments.parse(given);
      const notifier = getNotifier(transport, { publisherId: publisher, topics, driver: 'messaging' });
      return notifier.notify(priority, context, event, payload);
    },
  };
  return {
    carryOut: async (command, given) => commands[command]?.(given),
    async end() {
      await Promise.all([...standing.values()].map((standIn) => standIn.end()));
      await transport.cleanup();
    },
  };
}

function forEveryPriority<Method>(method: Method): Record<(typeof priorities)[number], Method> {
  return {
    audit: method,
    debug: method,
    info: method,
    warn: method,
    error: method,
    critical: method,
    sample: method,
  };
}
