import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Redis } from 'ioredis';
import { createMirror } from '../../../../src/bot/audit/mirror.ts';
import { trimAudit } from '../../../../src/bot/audit/trim.ts';
import { systemClock } from '../../../../src/bot/process/system-clock.ts';
import { version } from '../../../../src/bot/process/version.ts';
import { openSlackPort } from '../../../../src/bot/slack/send/web-client-port.ts';
import { openStores } from '../../../../src/bot/stores/open.ts';
import type { AuditChain } from '../../../../src/bot/stores/stores.ts';
import { openSandbox } from '../../../support/sandbox.ts';
import { dumpState } from './dump.ts';
import { makePaperState, seal } from './make-paper.ts';
import { makeSandboxState } from './make-sandbox.ts';
import { AUDIT_KEY, paperConfig } from './paper.ts';

/*
 * Makes the state that this version writes, for the test that later ones read it (old-state.service.test.ts):
 *
 *   node --import tsx test/bot/stores/old-state/make.ts test/bot/stores/fixtures
 *
 * It is run once, in a checkout of the version as it was released, and takes some minutes. What it writes is never made anew by
 * later code. Redis, RabbitMQ and Slack are those of a sandbox of its own; what one real cluster cannot show at once
 * is played by the same approvals and runner on clusters that are only values.
 */

const PREFIX = 'watership';
/** How many entries of the audit the trim keeps: so few that it has something to do. */
const KEEP = 40;

await main(process.argv[2]);
// The run that stands still in the middle of an action waits for it for ever.
process.exit(0);

async function main(folder: string | undefined): Promise<void> {
  if (folder === undefined) {
    throw new Error('Name the folder to write into');
  }
  const files = mkdtempSync(join(tmpdir(), 'watership-state-'));
  await using sandbox = await openSandbox({ withoutBot: true });
  const report = sandbox.report();
  const redis = new Redis(report.redis.url);
  const { chain, ...stores } = openStores(redis, PREFIX);
  const mirrorPath = join(files, 'audit.jsonl');
  const mirror = createMirror({
    path: mirrorPath,
    chain: underOtherName(chain),
    onFork: async (text) => {
      throw new Error(text);
    },
  });

  console.log('A bot on a real cluster …');
  await makeSandboxState(sandbox, redis, PREFIX);
  await seal({ stores: { chain, ...stores } });
  await mirror.catchUp(() => true);
  const options = { chain, keep: KEEP, isMirrored: true, key: AUDIT_KEY };
  const trimmed = await trimAudit({ ...options, atMs: Date.now() });
  if (trimmed !== 'trimmed') {
    throw new Error(`The audit was not trimmed: ${trimmed}`);
  }

  console.log('Approvals and runner on paper …');
  const slack = openSlackPort({ ...paperConfig.slack, apiUrl: report.slack.apiUrl }, systemClock);
  await makePaperState(redis, PREFIX, slack);
  await mirror.catchUp(() => true);
  await mirror.close();

  const state = await dumpState(redis, PREFIX, version());
  const name = join(folder, `state-${version()}.json`);
  writeFileSync(name, `${JSON.stringify(state, null, 1)}\n`);
  writeFileSync(join(folder, `audit-${version()}.jsonl`), readFileSync(mirrorPath));
  rmSync(files, { recursive: true });
  redis.disconnect();
  console.log(`${name}: ${state.keys.length} keys`);
}

/** The mirror of a machine that is nobody's: what is kept is its name and how far it has come. */
function underOtherName(chain: AuditChain): AuditChain {
  return {
    ...chain,
    setMirrored: (place) => chain.setMirrored({ ...place, file: 'bot-1:/var/log/watership/audit.jsonl' }),
  };
}
