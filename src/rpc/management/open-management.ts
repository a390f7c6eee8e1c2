import type { ManagementApi, QueueRow, RequestLimits, WriteAnswer } from './api.ts';
import {
  bindingRow,
  channelRow,
  connectionRow,
  consumerRow,
  exchangeRow,
  failedCheck,
  isRow,
  nodeRow,
  overviewOf,
  queueDetailRow,
  queueRow,
  type Row,
  rowsOf,
  shovelEnds,
  tagsOf,
  text,
} from './decode.ts';
import { ManagementError } from './errors.ts';
import { type Ask, type Http, type HttpAnswer, type HttpEndpoint, openHttp, segment } from './http.ts';

const NODE_COLUMNS =
  'name,running,partitions,uptime,os_pid,mem_alarm,disk_free_alarm,being_drained,mem_used,mem_limit,net_ticktime';
const OVERVIEW_COLUMNS =
  'node,cluster_name,rabbitmq_version,erlang_version,statistics_db_event_queue,object_totals';
/**
 * Only columns that need no statistics: one of those would make the broker gather them all, at ten times the cost. The
 * empty `sort` spares it the sorting. Each column is three to four percent of the whole at any number of queues, so there
 * are no more than detectors want of every queue.
 */
const TOTALS =
  'disable_stats=true&enable_queue_totals=true&sort=&columns=name,state,messages_ready,messages_unacknowledged';
/** The names of vhosts come in milliseconds; what takes longer is not worth the column that it would spare. */
const VHOSTS_WITHIN_MS = 500;
const CONSUMER_QUEUE_COLUMNS = 'queue.name,queue.vhost';
const CONSUMER_COLUMNS = `${CONSUMER_QUEUE_COLUMNS},channel_details.connection_name`;
const CONNECTION_COLUMNS =
  'name,node,user_provided_name,user,vhost,peer_host,channels,channel_max,timeout,connected_at,state';
const CHANNEL_COLUMNS = 'name,connection_details.name,consumer_count,idle_since';

export interface ManagementEndpoint extends HttpEndpoint {
  readonly username: string;
  readonly password: string;
}

/**
 * Management API of one node; no request goes out before the first call.
 * @throws ManagementError, from every method, when there is no usable answer; `why` says what came instead.
 * @example
 * const api = openManagement({ node: 'rabbit@a', url: 'http://10.3.0.44:15672', username, password });
 * const nodes = await api.nodes({ timeoutMs: 5_000 });
 */
export function openManagement(endpoint: ManagementEndpoint): ManagementApi {
  const http = openHttp(endpoint);
  const list = listing(http);
  const one = reading(http);
  const write = writing(http);

  return {
    node: endpoint.node,
    nodes: (limits) => list(`/api/nodes?columns=${NODE_COLUMNS}`, nodeRow, limits),
    overview: async (limits) =>
      overviewOf(
        found(http, '/api/overview', await one(`/api/overview?columns=${OVERVIEW_COLUMNS}`, limits)),
      ),
    queueTotals: listingTotals(list),
    consumers: async (limits) => list(`/api/consumers?columns=${CONSUMER_COLUMNS}`, consumerRow, limits),
    consumerQueues: async (limits) =>
      list(`/api/consumers?columns=${CONSUMER_QUEUE_COLUMNS}`, consumerRow, limits),
    connections: async (limits) =>
      list(`/api/connections?columns=${CONNECTION_COLUMNS}`, connectionRow, limits),
    queue: async (vhost, name, limits) => {
      const which = limits.stats === false ? '?disable_stats=true' : '';
      const row = await one(`${queuePath(vhost, name)}${which}`, limits);
      return row === undefined ? undefined : queueDetailRow(row);
    },
    bindingsOfQueue: async (vhost, name, limits) =>
      list(`${queuePath(vhost, name)}/bindings`, bindingRow, limits, 'absent is empty'),
    bindings: (limits) => list('/api/bindings', bindingRow, limits),
    exchanges: (limits) => list('/api/exchanges?columns=vhost,name', exchangeRow, limits),
    connection: async (name, limits) => {
      const row = await one(connectionPath(name), limits);
      return row === undefined ? undefined : connectionRow(row);
    },
    channelsOfConnection: async (name, limits) => {
      const path = `${connectionPath(name)}/channels?columns=${CHANNEL_COLUMNS}`;
      return list(path, channelRow, limits, 'absent is empty');
    },
    healthCheck: async (check, limits) => {
      const path = `/api/health/checks/${check.split('/').map(segment).join('/')}`;
      const answer = await http.ask({ method: 'GET', path }, limits);
      if (answer.status === 404) {
        return { kind: 'unsupported' };
      }
      if (answer.status !== 200 && answer.status !== 503) {
        throw wrongStatus(http, path, answer);
      }
      const body = json(http, path, answer);
      if (answer.status === 503 && isRow(body)) {
        return failedCheck(body);
      }
      return { kind: 'ok' };
    },
    shovelQueues: async (limits) =>
      (await list('/api/parameters/shovel', shovelEnds, limits, 'absent is empty')).flat(),
    deleteQueue: async (vhost, name, options) => {
      const guards = [
        ...(options.ifUnused ? ['if-unused=true'] : []),
        ...(options.ifEmpty === true ? ['if-empty=true'] : []),
      ];
      const query = guards.length === 0 ? '' : `?${guards.join('&')}`;
      return write({ method: 'DELETE', path: `${queuePath(vhost, name)}${query}` }, options);
    },
    bindQueue: async ({ vhost, exchange, queue, routingKey }, options) =>
      write(
        {
          method: 'POST',
          path: `/api/bindings/${segment(vhost)}/e/${segment(exchange)}/q/${segment(queue)}`,
          body: { routing_key: routingKey, arguments: {} },
        },
        options,
      ),
    closeConnection: async (name, options) =>
      write(
        {
          method: 'DELETE',
          path: connectionPath(name),
          headers: { 'x-reason': headerText(options.reason) },
        },
        options,
      ),
    whoAmI: async (limits) => {
      const row = found(http, '/api/whoami', await one('/api/whoami', limits));
      return { name: text(row, 'name') ?? '', tags: tagsOf(row) };
    },
    portOpen: (limits) => http.portOpen(limits),
  };
}

const queuePath = (vhost: string, name: string): string => `/api/queues/${segment(vhost)}/${segment(name)}`;
const connectionPath = (name: string): string => `/api/connections/${segment(name)}`;

/** A header is one line of Latin letters; the broker copies it to the client and into its own log. */
const headerText = (reason: string): string => reason.replace(/[^\x21-\x7e]+/g, ' ').trim();

/** All rows of an answer, or none: a listing that leaves some out would tell of a queue without a reader that has one. */
const listing =
  (http: Http) =>
  async <T>(
    path: string,
    decode: (row: Row) => T | undefined,
    limits: RequestLimits,
    absent?: 'absent is empty',
  ): Promise<readonly T[]> => {
    // A listing shrinks to an eighth, and the broker spends no more on compressing it than on sending it.
    const answer = await http.ask({ method: 'GET', path, gzip: true }, limits);
    if (answer.status === 404 && absent !== undefined) {
      return [];
    }
    const body = okBody(http, path, answer);
    if (!Array.isArray(body)) {
      throw unusable(http, path, 'the answer is JSON, but not a list', answer.status);
    }
    const rows = rowsOf(body, decode);
    if (rows.length < body.length) {
      const came = `${body.length - rows.length} of ${body.length} rows of the answer cannot be read`;
      throw unusable(http, path, came, answer.status);
    }
    return rows;
  };

type List = ReturnType<typeof listing>;

/** Where there is one vhost alone, its name need not stand in every row. */
const listingTotals =
  (list: List) =>
  async (limits: RequestLimits): Promise<readonly QueueRow[]> => {
    const endsAtMs = performance.now() + limits.timeoutMs;
    const left = (): RequestLimits => ({ ...limits, timeoutMs: endsAtMs - performance.now() });
    const vhost = await onlyVhost(list, limits);
    if (vhost !== undefined) {
      const decode = (row: Row): QueueRow | undefined => queueRow(row, vhost);
      try {
        return await list(`/api/queues/${segment(vhost)}?${TOTALS}`, decode, left());
      } catch (thrown) {
        // Gone meanwhile, or not for this user: what the user may see is listed all the same.
        if (!(thrown instanceof ManagementError) || !isNo(thrown.status)) {
          throw thrown;
        }
      }
    }
    return list(`/api/queues?${TOTALS},vhost`, queueRow, left());
  };

const isNo = (status = 0): boolean => status >= 400 && status < 500;

async function onlyVhost(list: List, limits: RequestLimits): Promise<string | undefined> {
  const timeoutMs = Math.min(limits.timeoutMs, VHOSTS_WITHIN_MS);
  // Whatever is wrong with the node, the listing that follows will tell.
  const names = await list('/api/vhosts?columns=name', (row) => text(row, 'name'), {
    ...limits,
    timeoutMs,
  }).catch(() => []);
  return names.length === 1 ? names[0] : undefined;
}

const reading =
  (http: Http) =>
  async (path: string, limits: RequestLimits): Promise<Row | undefined> => {
    const answer = await http.ask({ method: 'GET', path }, limits);
    if (answer.status === 404) {
      return undefined;
    }
    const body = okBody(http, path, answer);
    if (!isRow(body)) {
      throw unusable(http, path, 'the answer is JSON, but not an object', answer.status);
    }
    return body;
  };

/** Every 4xx is the broker's own no, and nothing has happened; a 5xx leaves it open, so it is an error. */
const writing =
  (http: Http) =>
  async (ask: Ask, limits: RequestLimits): Promise<WriteAnswer> => {
    const answer = await http.ask(ask, limits);
    if (answer.status >= 200 && answer.status < 300) {
      return { kind: 'accepted' };
    }
    if (answer.status === 404) {
      return { kind: 'absent' };
    }
    if (answer.status >= 400 && answer.status < 500) {
      return { kind: 'refused', reason: `${answer.status} ${reasonOf(http, answer)}`.trim() };
    }
    throw wrongStatus(http, ask.path, answer, ask.method);
  };

function okBody(http: Http, path: string, answer: HttpAnswer): unknown {
  if (answer.status !== 200) {
    throw wrongStatus(http, path, answer);
  }
  return json(http, path, answer);
}

function json(http: Http, path: string, answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch {
    throw unusable(http, path, `the answer (HTTP ${answer.status}) is not JSON`, answer.status);
  }
}

function found(http: Http, path: string, row: Row | undefined): Row {
  if (row === undefined) {
    throw new ManagementError('http-error', 'HTTP 404: is this the management API?', {
      node: http.node,
      method: 'GET',
      path,
      status: 404,
    });
  }
  return row;
}

const unusable = (http: Http, path: string, came: string, status: number): ManagementError =>
  new ManagementError('not-json', came, { node: http.node, method: 'GET', path, status });

function wrongStatus(http: Http, path: string, answer: HttpAnswer, method = 'GET'): ManagementError {
  const { status } = answer;
  const why = status === 401 || status === 403 ? 'unauthorized' : 'http-error';
  return new ManagementError(why, `HTTP ${status} ${reasonOf(http, answer)}`.trim(), {
    node: http.node,
    method,
    path,
    status,
  });
}

/** The broker's own words, shortened: an HTML page or a stack trace is of no use to anybody. */
function reasonOf(http: Http, answer: HttpAnswer): string {
  try {
    const body: unknown = JSON.parse(answer.text);
    const said = isRow(body) ? (text(body, 'reason') ?? text(body, 'error') ?? '') : '';
    return http.withoutPassword(said).slice(0, 200);
  } catch {
    return '';
  }
}
