import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { App, Receiver } from '@slack/bolt';
import type { Logger } from 'pino';
import { definite } from '../../../rpc/index.ts';
import type { Clock } from '../../../runbooks/index.ts';
import { isCertificateCheck, parsePayload, readBody } from './payload.ts';
import { checkSignature } from './signature.ts';

/** The one address that Slack calls. */
const PATH = '/slack/events';
/** A request that comes slower than this is somebody who wants to hold a connection. */
const REQUEST_MS = 10_000;
const CONNECTIONS = 200;
/** How often within that time it is looked who is slow. */
const CHECKS = 10;

export interface HttpReceiverOptions {
  readonly port: number;
  /** The signing secret, and beside it the old one while it is changed. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** From the connection to the last byte of the request. @default 10000 */
  readonly requestMs?: number;
}

/**
 * Slack's requests over HTTP. Bolt's own receiver takes one secret and any time in the future, so this one checks:
 * path, size, signature and time, in this order, before anything of the body is looked at.
 */
export function createHttpReceiver(options: HttpReceiverOptions): Receiver {
  const { port, secrets, clock, log, requestMs = REQUEST_MS } = options;
  let app: App | undefined;
  let server: Server | undefined;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query] = (request.url ?? '').split('?');
    if (path !== PATH) {
      return refuse(response, 404, 'Not found.');
    }
    if (request.method === 'GET' && new URLSearchParams(query).get('ssl_check') === '1') {
      return refuse(response, 200, '');
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuse(response, 405, 'Only POST is allowed here.');
    }
    const body = await readBody(request);
    if (body.kind !== 'read') {
      response.setHeader('connection', 'close');
      return refuse(response, body.kind === 'too-large' ? 413 : 400, 'The body is too large or incomplete.');
    }
    const { bytes } = body;
    const contentType = request.headers['content-type'];
    if (isCertificateCheck(contentType, bytes)) {
      return refuse(response, 200, '');
    }
    const checked = checkSignature(
      secrets,
      {
        timestamp: headerOf(request, 'x-slack-request-timestamp'),
        signature: headerOf(request, 'x-slack-signature'),
      },
      bytes,
      clock.now(),
    );
    if (checked.kind === 'refused') {
      log.warn({ from: request.socket.remoteAddress }, `A request was refused: ${checked.because}`);
      return refuse(response, 401, 'The signature or its timestamp is wrong.');
    }
    const payload = parsePayload(contentType, bytes);
    if (payload === undefined) {
      return refuse(response, 400, 'The body is not a Slack payload.');
    }
    if (payload['type'] === 'url_verification') {
      return answer(response, { challenge: String(payload['challenge'] ?? '') });
    }
    await pass(payload, request, response);
  }

  async function pass(
    body: Readonly<Record<string, unknown>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const retryNum = headerOf(request, 'x-slack-retry-num');
    const retryReason = headerOf(request, 'x-slack-retry-reason');
    await app?.processEvent({
      body,
      ack: async (said: unknown) => answer(response, said),
      ...(retryNum === undefined ? {} : { retryNum: Number(retryNum) }),
      ...definite({ retryReason }),
    });
    if (!response.headersSent) {
      refuse(response, 404, 'The bot handles no such request.');
    }
  }

  return {
    init: (created) => {
      app = created;
    },

    start: () =>
      new Promise((resolve, reject) => {
        const opened = createServer({
          requestTimeout: requestMs,
          headersTimeout: requestMs,
          // Node looks for slow ones every half minute, which would be the real limit.
          connectionsCheckingInterval: Math.ceil(requestMs / CHECKS),
        });
        opened.maxConnections = CONNECTIONS;
        opened.on('request', (request, response) => {
          receive(request, response).catch((error: unknown) => {
            log.error({ err: error }, 'A request from Slack could not be answered');
            if (!response.headersSent) {
              refuse(response, 500, 'Internal error.');
            }
          });
        });
        opened.once('error', reject);
        opened.listen(port, () => {
          server = opened;
          resolve(undefined);
        });
      }),

    stop: () =>
      new Promise((resolve) => {
        if (server === undefined) {
          resolve(undefined);
          return;
        }
        const closing = server;
        server = undefined;
        // A server that is closing looks no more for slow ones: one of them would hold it open for ever.
        const timer = setTimeout(() => closing.closeAllConnections(), requestMs);
        closing.close(() => {
          clearTimeout(timer);
          resolve(undefined);
        });
        closing.closeIdleConnections();
      }),
  };
}

/** Acknowledges. Slack wants it once; what comes later has nowhere to go. */
function answer(response: ServerResponse, said: unknown): void {
  if (response.headersSent) {
    return;
  }
  if (said === undefined || said === '') {
    response.writeHead(200).end();
  } else if (typeof said === 'string') {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(said);
  } else {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  }
}

const refuse = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
};

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
