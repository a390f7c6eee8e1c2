import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { waitFor } from '../../sandbox/wait.ts';
import { tellWhenFailed } from '../support/diary.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { openSlackPage, type PageMessage, type SlackPage, wordsOf } from '../support/slack-page.ts';
import { alertAbout, approve, quiet, resolved, review, threadOf } from '../support/story.ts';

const auditSchema = z.array(z.object({ event: z.string(), run: z.string().optional(), text: z.string() }));

let sandbox: TestSandbox;
let page: SlackPage;

beforeAll(async () => {
  sandbox = await openSandbox();
  page = await openSlackPage(sandbox.report());
});
afterAll(async () => {
  page?.close();
  await sandbox?.[Symbol.asyncDispose]();
});

let before = 0;
beforeEach(() => {
  before = sandbox.operations().length;
});
afterEach(async () => {
  await sandbox.say('heal');
  await quiet(page);
});
tellWhenFailed(() => sandbox);

/** What was really done to the nodes since the test began, in order; questions left out. */
function done(): readonly string[] {
  return sandbox
    .operations()
    .slice(before)
    .filter(({ operation }) => operation !== 'node.partition_handling')
    .map(({ operation, node }) => `${operation} ${node?.split('@')[0]}`);
}

async function breakCluster(): Promise<void> {
  expect(await sandbox.say('break', 'partition')).toMatchObject({ exitCode: 0 });
}

/** The audit of the newest run: what was intended and what was applied. */
async function auditOf(card: PageMessage): Promise<readonly { event: string; text: string }[]> {
  const run = /RUN-\d+/.exec(threadOf(page, card))?.[0] ?? '';
  const { output } = await sandbox.watership('audit', '--run', run, '--json');
  return auditSchema.parse(JSON.parse(output)).filter((entry) => entry.run === run);
}

test('a partition is told, approved by one of two who click at once, repaired once and proved', async () => {
  await breakCluster();
  const card = await alertAbout(page, /Network split/);
  expect(await sandbox.isWhole()).toBe(false);

  const plan = await review(page, 'alice', card);
  expect(plan).toContain('Stop RabbitMQ on rabbit45');
  expect(plan).toContain('Keep rabbit44+rabbit46');

  // Dave has no rights: he submits the very modal that Alice has open, and is told no.
  page.submit('dave', { cluster_name: 'sandbox', reason: 'let me' });
  await page.until('Dave to be refused', (now) =>
    Object.keys(now.mistakes()).length > 0 ? true : undefined,
  );
  expect(done()).toEqual([]);

  page.submit('alice', { cluster_name: 'sandbox', reason: 'the test says so' });
  page.submit('bob', { cluster_name: 'sandbox', reason: 'me too' });
  const end = await resolved(page, card);

  expect(await sandbox.isWhole()).toBe(true);
  expect(done()).toEqual(['node.stop rabbit45', 'node.start rabbit45']);
  expect(wordsOf(end)).toContain('Repaired by RUN-');
  const voted = (await auditOf(card)).filter(({ event }) => event === 'run.voted');
  expect(voted).toHaveLength(1);
});

test('somebody without rights may read the plan, and has no button to approve it', async () => {
  await breakCluster();
  const card = await alertAbout(page, /Network split/);
  expect(await review(page, 'dave', card)).toContain('Stop RabbitMQ on rabbit45');
  expect(page.modal()?.submit).toBeFalsy();
  page.submit('dave', {});
  await page.until('Dave to be refused', (now) =>
    Object.keys(now.mistakes()).length > 0 ? true : undefined,
  );
  page.closeModal('dave');
  await page.until('the modal to close', (now) => (now.modal() === undefined ? true : undefined));
  expect(done()).toEqual([]);
});

test.each([
  ['while it stops the node', 0],
  ['at some later moment of the run', 2_000 + Math.random() * 8_000],
])('the bot is killed %s, comes back and ends the run, with no step twice', async (_when, afterMs) => {
  await breakCluster();
  const card = await alertAbout(page, /Network split/);
  await review(page, 'bob', card);
  await approve(page, 'bob');
  const [stopped] = sandbox.report().clusters.flatMap(({ nodes }) => nodes.filter(isRabbit45));
  await waitFor('the first step to have an effect', () => serves(stopped?.managementPort).then((is) => !is), {
    withinMs: 30_000,
    everyMs: 50,
  });
  await sleep(afterMs);
  const [old = 0] = sandbox.pids('bot');
  process.kill(old, 'SIGKILL');
  await waitFor('the bot to be back', () => sandbox.pids('bot').some((pid) => pid !== old), {
    withinMs: 30_000,
  });

  await resolved(page, card);
  expect(await sandbox.isWhole()).toBe(true);
  expect(done()).toEqual(['node.stop rabbit45', 'node.start rabbit45']);
  const applied = (await auditOf(card)).filter(({ event }) => event === 'run.item.applied');
  expect(new Set(applied.map(({ text }) => text)).size).toBe(applied.length);
});

const isRabbit45 = ({ name }: { readonly name: string }): boolean => name.startsWith('rabbit45@');

async function serves(port: number | undefined): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
