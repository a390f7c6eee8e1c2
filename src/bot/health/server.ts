import { createServer, type ServerResponse } from 'node:http';
import { redactKnown } from '../process/redact.ts';
import { openMetricsPage } from './metrics.ts';
import type { HealthReport } from './report.ts';
import type { Vitals } from './vitals.ts';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/healthz`: 200 while Redis and Slack are there and every cluster is swept, else 503; the body says which.
 * `/readyz`: 200 once the bot works. `/metrics`: Prometheus text.
 */
export function serveHealth(options: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly report: () => Promise<HealthReport>;
  readonly isReady: () => boolean;
  readonly vitals: Vitals;
}): Promise<HealthServer> {
  const { listen, report, isReady, vitals } = options;
  const metrics = openMetricsPage(vitals);
  const server = createServer((request, response) => {
    respond(request.url ?? '/', response).catch((error: unknown) => {
      send(response, 500, `${String(error)}\n`, TEXT_TYPE);
    });
  });

  async function respond(url: string, response: ServerResponse): Promise<void> {
    switch (url.split('?')[0]) {
      case '/healthz': {
        const health = await report();
        // 0.1.0 called it `untold`: whoever reads that finds it for one release more.
        const body = { ...health, untold: health.pendingUpdates };
        return send(response, health.status === 'ok' ? 200 : 503, `${JSON.stringify(body)}\n`, JSON_TYPE);
      }
      case '/readyz':
        return send(response, isReady() ? 200 : 503, isReady() ? 'ready\n' : 'starting\n', TEXT_TYPE);
      case '/metrics':
        return send(response, 200, await metrics.text(await report()), metrics.contentType);
      default:
        return send(response, 404, 'There are /healthz, /readyz and /metrics.\n', TEXT_TYPE);
    }
  }

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : listen.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type }).end(redactKnown(body));
}
