import { expect, test } from 'vitest';
import type { HealthReport } from '../../../src/bot/health/report.ts';
import { serveHealth } from '../../../src/bot/health/server.ts';
import { createVitals } from '../../../src/bot/health/vitals.ts';

const report: HealthReport = {
  status: 'failing',
  redis: 'ok',
  slack: 'ok',
  pendingUpdates: { count: 1, longestSeconds: 400, isLate: true, because: 'token_revoked' },
  clusters: {},
};

test('/healthz tells pending updates, and for one release more by the name that 0.1.0 gave them', async () => {
  const server = await serveHealth({
    listen: { host: '127.0.0.1', port: 0 },
    report: async () => report,
    isReady: () => true,
    vitals: createVitals(),
  });
  try {
    const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ...report, untold: report.pendingUpdates });
  } finally {
    await server.close();
  }
});
