import { X509Certificate } from 'node:crypto';
import {
  type ManagementApi,
  ManagementError,
  MessagingError,
  openManagement,
  tlsReason,
} from '../../../rpc/index.ts';
import type { OpenHosts } from '../../../runbooks/index.ts';
import { managementOf, transportTo } from '../../cluster/cluster-transport.ts';
import { openConfiguredHosts } from '../../cluster/hosts.ts';
import type { BotConfig, ClusterConfig, NodeConfig, RedisConfig } from '../../config/config.ts';
import { exposedFiles } from '../../config/file/exposed-files.ts';
import { openSlackChecks } from '../../open-slack.ts';
import {
  bad,
  CHECK_LIMIT_MS,
  type Check,
  type CheckLine,
  type CheckVerdict,
  ok,
  warning,
} from '../../ports/check-line.ts';
import { redact } from '../../process/redact.ts';
import { systemClock } from '../../process/system-clock.ts';
import { hangUp, openRedis, tellRedis } from '../../stores/connection/connect.ts';
import { examineRedis } from '../../stores/connection/examine.ts';
import { type CommonOptions, type Console, exitCodes, printable, printJson } from '../common/console.ts';
import { readConfig } from '../common/read-config.ts';
import { hostChecks } from './check-hosts.ts';
import { checkMirror } from './check-mirror.ts';
import { sameBrokerChecks } from './check-same-broker.ts';

/** Days before its expiry from which a certificate is reported. */
const EXPIRY_DAYS = 30;

/** `watership check`: exits 0 when all is well, 1 with warnings, 2 when something does not work. Changes nothing. */
export async function checkCommand(console: Console, options: CommonOptions): Promise<number> {
  const config = readConfig(console, options);
  if (config === undefined) {
    return exitCodes.critical;
  }
  const hosts = openConfiguredHosts(config, systemClock);
  const checks = [...checksOf(config, hosts.executor, await openSlackChecks(config))];
  const lines = await Promise.all(checks.map(runCheck)).finally(() => hosts.close());
  if (options.json) {
    printJson(console, lines);
  } else {
    console.out(['The configuration is valid.', ...lines.map(tellLine)].map((line) => `${line}\n`).join(''));
  }
  if (lines.some(({ state }) => state === 'bad')) {
    return exitCodes.critical;
  }
  return lines.some(({ state }) => state === 'warning') ? exitCodes.warning : exitCodes.ok;
}

const tellLine = ({ state, what, text }: CheckLine): string =>
  printable(`${state.padEnd(8)} ${what}: ${text}`);

async function runCheck({ what, ask }: Check): Promise<CheckLine> {
  try {
    return { what, ...(await ask()) };
  } catch (error) {
    return { what, ...bad(reasonOf(error)) };
  }
}

/** The error's own words, and those of its first cause: "fetch failed" alone helps nobody. */
function reasonOf(error: unknown): string {
  const first = firstCause(error);
  const words = [error, first].map((each) => (each instanceof Error ? each.message : String(each)));
  const [whole = '', cause = ''] = words;
  return redact(whole.includes(cause) ? whole : `${whole}: ${cause}`).replace(/\.$/, '');
}

/** The messaging core has put its cause into words already. */
const firstCause = (error: unknown): unknown =>
  error instanceof Error && !(error instanceof MessagingError) && error.cause !== undefined
    ? firstCause(error.cause)
    : error;

function* checksOf(config: BotConfig, hosts: OpenHosts, slack: Iterable<Check>): Iterable<Check> {
  yield { what: `Redis ${tellRedis(config.redis)}`, ask: () => checkRedis(config.redis) };
  yield* slack;
  for (const cluster of config.clusters) {
    for (const node of cluster.nodes) {
      const name = `${cluster.settings.name} ${node.name}`;
      yield { what: `${name} ${node.management}`, ask: () => checkManagement(cluster, node) };
      yield { what: `${name} ${node.amqp}`, ask: () => checkAmqp(cluster, node) };
    }
  }
  yield* sameBrokerChecks(config);
  yield* hostChecks(config, hosts);
  const { file: mirror } = config.audit;
  if (mirror !== undefined) {
    yield { what: `audit ${mirror}`, ask: () => checkMirror(mirror) };
  }
  for (const path of config.sandbox === undefined ? (config.readFrom ?? []) : []) {
    yield { what: `file ${path}`, ask: async () => checkFile(path) };
  }
  if (config.people.approvers.length === 0 && config.people.adminApprovers.length === 0) {
    yield {
      what: 'people',
      ask: async () => warning('nobody may approve; set people.approvers, or nothing can be repaired'),
    };
  }
}

function checkFile(path: string): CheckVerdict {
  const [exposed] = exposedFiles([path]);
  return exposed === undefined ? ok('no other user may read or change it') : warning(exposed.text);
}

async function checkRedis(config: RedisConfig): Promise<CheckVerdict> {
  const redis = openRedis(config, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: CHECK_LIMIT_MS,
    commandTimeout: CHECK_LIMIT_MS,
  });
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect().catch((error: unknown) => {
      // "Connection is closed" says less than the error that closed it.
      const closedBy = reason ?? error;
      const ofTls = tlsReason(closedBy);
      throw ofTls === undefined ? closedBy : new Error(`no connection: ${ofTls}`);
    });
    const { version, troubles } = await examineRedis(redis, { copies: config.copies ?? 0, now: Date.now });
    if (troubles.length === 0) {
      return ok(`version ${version}, noeviction, append-only file on`);
    }
    const told = `version ${version}; ${troubles.map(({ text }) => text).join('; ')}`;
    return troubles.some(({ state }) => state === 'bad') ? bad(told) : warning(told);
  } finally {
    hangUp(redis);
  }
}

async function checkManagement(cluster: ClusterConfig, node: NodeConfig): Promise<CheckVerdict> {
  const api = openManagement(managementOf(cluster, node));
  const limits = { timeoutMs: CHECK_LIMIT_MS };
  const asked = await Promise.all([api.whoAmI(limits), api.overview(limits)]).catch((error: unknown) => {
    if (error instanceof ManagementError && error.why === 'unauthorized') {
      return error;
    }
    throw error;
  });
  if (asked instanceof ManagementError) {
    return bad(`${reasonOf(asked)}. ${cureOfRefusal(cluster)}`);
  }
  const [{ name, tags }, { node: answering, rabbitmqVersion = 'unknown' }] = asked;
  if (answering !== node.name) {
    return bad(`this is the API of ${answering}; every node needs its own address`);
  }
  const who = `RabbitMQ ${rabbitmqVersion}, user ${name} with tags ${tags.join(', ') || 'none'}`;
  const expiring = await expiringCertificate(api);
  const told = expiring === undefined ? who : `${who}; ${expiring}`;
  if (tags.includes('administrator')) {
    return expiring === undefined ? ok(told) : warning(told);
  }
  return tags.includes('monitoring')
    ? warning(`${told}: it can read, but not close connections; that needs the tag administrator`)
    : bad(`${told}: reading needs the tag monitoring, repairing needs administrator`);
}

const cureOfRefusal = ({ settings: { name }, username }: ClusterConfig): string =>
  `Check username (${username}) and password of cluster ${name}, and that the user has the tag monitoring: rabbitmqctl authenticate_user ${username}`;

/** The broker itself knows its certificates, and those of its authorities. */
async function expiringCertificate(api: ManagementApi): Promise<string | undefined> {
  const check = `certificate-expiration/${EXPIRY_DAYS}/days`;
  const answer = await api.healthCheck(check, { timeoutMs: CHECK_LIMIT_MS }).catch(() => undefined);
  return answer?.kind === 'failed'
    ? `a certificate of this node expires within ${EXPIRY_DAYS} days, or has expired: renew it`
    : undefined;
}

async function checkAmqp(cluster: ClusterConfig, node: NodeConfig): Promise<CheckVerdict> {
  const { vhost } = cluster;
  const username = amqpUser(cluster, node);
  const transport = transportTo(cluster, [node], { vhost, connectionName: 'watership-check' });
  try {
    await transport.connect(CHECK_LIMIT_MS);
    return ok(`login as ${username} accepted in vhost ${vhost}`);
  } catch (error) {
    // Looking and most repairs work over HTTP; only the RPC probe needs this.
    const reason = amqpReason(reasonOf(error), username, vhost);
    return warning(`${reason}; RPC probes of services are not possible through this node`);
  } finally {
    await transport.cleanup();
  }
}

/** Who the bot is there: with a certificate, whom that names. */
function amqpUser({ tls, username }: ClusterConfig, { amqp }: NodeConfig): string {
  if (tls?.login !== 'certificate' || tls.certificate === undefined || !amqp.startsWith('amqps:')) {
    return username;
  }
  return new X509Certificate(tls.certificate).subject.replaceAll('\n', ',');
}

/** The AMQP library tells what it expected on the wire; people need to know what that means. */
export function amqpReason(said: string, username: string, vhost: string): string {
  if (/Expected ConnectionOpenOk/.test(said)) {
    return `user ${username} has no permission on vhost ${vhost}, or there is no such vhost`;
  }
  if (/EXTERNAL|client certificate/.test(said)) {
    return said;
  }
  if (/\b403\b|ACCESS.REFUSED/i.test(said)) {
    return `the broker refuses the login of ${username}`;
  }
  if (/maxFrameSize|Frame size|Invalid frame|during opening handshake/.test(said)) {
    return 'the server there does not speak AMQP: check that this is the AMQP port, and use amqps: if it expects TLS';
  }
  return said;
}
