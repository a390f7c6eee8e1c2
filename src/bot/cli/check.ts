import { LogLevel, WebClient } from '@slack/web-api';
import { Redis } from 'ioredis';
import { formatTransportUrl, getTransport, openManagement } from '../../rpc/index.ts';
import type { BotConfig, ClusterConfig, NodeConfig } from '../config/config.ts';
import { redact } from '../redact.ts';
import { type CommonOptions, type Console, exitCodes, plain, printJson, readConfig } from './console.ts';

const LIMIT_MS = 8_000;

/** One connection, and whether it works. */
export interface CheckLine {
  readonly state: 'ok' | 'warning' | 'bad';
  readonly what: string;
  readonly text: string;
}

type Verdict = Pick<CheckLine, 'state' | 'text'>;

/** `watership check`: exits 0 when all is well, 1 with warnings, 2 when something does not work. Changes nothing. */
export async function checkCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) return exitCodes.critical;
  const lines = await Promise.all([...checksOf(config)].map(runCheck));
  if (options.json) printJson(console, lines);
  else
    console.out(['The configuration is valid.', ...lines.map(tellLine)].map((line) => `${line}\n`).join(''));
  if (lines.some(({ state }) => state === 'bad')) return exitCodes.critical;
  return lines.some(({ state }) => state === 'warning') ? exitCodes.warning : exitCodes.ok;
}

const tellLine = ({ state, what, text }: CheckLine): string => plain(`${state.padEnd(8)} ${what}: ${text}`);

interface Check {
  readonly what: string;
  readonly ask: () => Promise<Verdict>;
}

async function runCheck({ what, ask }: Check): Promise<CheckLine> {
  try {
    return { what, ...(await ask()) };
  } catch (error) {
    return { what, state: 'bad', text: reasonOf(error) };
  }
}

/** The error's own words, and those of its first cause: "fetch failed" alone helps nobody. */
function reasonOf(error: unknown): string {
  const first = firstCause(error);
  const words = [error, first].map((each) => (each instanceof Error ? each.message : String(each)));
  const [whole = '', cause = ''] = words;
  return redact(whole.includes(cause) ? whole : `${whole}: ${cause}`).replace(/\.$/, '');
}

const firstCause = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? firstCause(error.cause) : error;

function* checksOf(config: BotConfig): Iterable<Check> {
  yield { what: `Redis ${new URL(config.redis.url).host}`, ask: () => checkRedis(config.redis.url) };
  yield { what: 'Slack bot token', ask: () => checkBotToken(config) };
  const { appToken } = config.slack;
  if (config.slack.mode === 'socket' && appToken !== undefined) {
    yield { what: 'Slack app token', ask: () => checkAppToken(config, appToken) };
  }
  for (const cluster of config.clusters) {
    for (const node of cluster.nodes) {
      const name = `${cluster.settings.name} ${node.name}`;
      yield { what: `${name} ${node.management}`, ask: () => checkManagement(cluster, node) };
      yield { what: `${name} ${node.amqp}`, ask: () => checkAmqp(cluster, node) };
    }
  }
  if (config.people.approvers.length === 0 && config.people.adminApprovers.length === 0) {
    yield {
      what: 'people',
      ask: async () => ({
        state: 'warning',
        text: 'nobody may approve; name people.approvers to repair anything',
      }),
    };
  }
}

const ok = (text: string): Verdict => ({ state: 'ok', text });
const warning = (text: string): Verdict => ({ state: 'warning', text });

const OLDEST_REDIS_MAJOR = 6;

async function checkRedis(url: string): Promise<Verdict> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: LIMIT_MS });
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect().catch((error: unknown) => {
      // "Connection is closed" says less than the error that closed it.
      throw reason ?? error;
    });
    const info = await redis.info();
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    const isPersistent = /aof_enabled:1/.test(info);
    if (Number.parseInt(version, 10) < OLDEST_REDIS_MAJOR) {
      return { state: 'bad', text: `version ${version}; at least ${OLDEST_REDIS_MAJOR} is needed` };
    }
    if (policy !== undefined && policy !== 'noeviction') {
      return {
        state: 'bad',
        text: `version ${version}, but maxmemory-policy is ${policy}: it may drop runs and jobs; set noeviction`,
      };
    }
    return isPersistent
      ? ok(`version ${version}, noeviction, append-only file on`)
      : warning(
          `version ${version}, noeviction, but appendonly is no: a crash of Redis loses the last seconds`,
        );
  } finally {
    redis.disconnect();
  }
}

const slackClient = (config: BotConfig, token: string): WebClient =>
  new WebClient(token, {
    slackApiUrl: config.slack.apiUrl,
    timeout: LIMIT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    // What goes wrong stands in the line of the check.
    logLevel: LogLevel.ERROR,
  });

async function checkBotToken(config: BotConfig): Promise<Verdict> {
  const { user, team } = await slackClient(config, config.slack.botToken).auth.test();
  return ok(`signed in as ${user ?? 'a bot'} in ${team ?? 'a workspace'}`);
}

async function checkAppToken(config: BotConfig, appToken: string): Promise<Verdict> {
  await slackClient(config, appToken).apps.connections.open({});
  return ok('Socket Mode may be opened');
}

async function checkManagement(cluster: ClusterConfig, node: NodeConfig): Promise<Verdict> {
  const { username, password } = cluster;
  const api = openManagement({ node: node.name, url: node.management, username, password });
  const limits = { timeoutMs: LIMIT_MS };
  const [{ name, tags }, { node: answering, rabbitmqVersion = 'unknown' }] = await Promise.all([
    api.whoAmI(limits),
    api.overview(limits),
  ]);
  if (answering !== node.name) {
    return { state: 'bad', text: `this is the API of ${answering}; every node needs its own address` };
  }
  const told = `RabbitMQ ${rabbitmqVersion}, user ${name} with tags ${tags.join(', ') || 'none'}`;
  if (tags.includes('administrator')) return ok(told);
  return tags.includes('monitoring')
    ? warning(`${told}: it can look, but not close connections; that takes the tag administrator`)
    : { state: 'bad', text: `${told}: looking takes the tag monitoring, repairing administrator` };
}

async function checkAmqp(cluster: ClusterConfig, node: NodeConfig): Promise<Verdict> {
  const { username, password, vhost } = cluster;
  const settings = cluster.settings.nodes.find(({ name }) => name === node.name);
  if (settings === undefined) return warning('not configured');
  const url = formatTransportUrl({
    transport: 'rabbit',
    virtualHost: vhost === '/' ? '' : vhost,
    hosts: [{ hostname: settings.amqpHost, port: settings.amqpPort, username, password }],
    query: {},
  });
  const transport = getTransport(url, {
    connectionName: 'watership-check',
    ...(node.amqp.startsWith('amqps:') ? { tls: { enabled: true } } : {}),
  });
  try {
    await transport.connect(LIMIT_MS);
    return ok(`login as ${username} accepted in vhost ${vhost}`);
  } catch (error) {
    const reason = reasonOf(error);
    // Looking and most repairs work over HTTP; only the RPC probe needs this.
    return warning(`${reason}; RPC probes of services are not possible through this node`);
  } finally {
    await transport.cleanup();
  }
}
