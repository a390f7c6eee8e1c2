import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Redis } from 'ioredis';
import { parse, stringify } from 'yaml';
import { inheritedEnvironment } from '../../../../sandbox/environment.ts';
import { projectFolder } from '../../../../sandbox/layout.ts';
import { waitFor } from '../../../../sandbox/wait.ts';
import { openStores } from '../../../../src/bot/stores/open.ts';
import type { TestSandbox } from '../../../support/sandbox.ts';
import { openSlackPage, type PageMessage, type SlackPage } from '../../../support/slack-page.ts';
import { alertAbout, approve, fixOffered, resolved, review } from '../../../support/story.ts';
import { AUDIT_KEY } from './paper.ts';

/**
 * What a bot leaves behind that was at work on a real cluster: repairs that people approved on the Slack page, one of them over
 * the bot's own death, refusals, halts, a digest, and at its second death an alert that nobody has treated yet.
 */
export async function makeSandboxState(sandbox: TestSandbox, redis: Redis, prefix: string): Promise<void> {
  const config = writeConfig(sandbox);
  const page = await openSlackPage(sandbox.report());
  let bot = await startBot(sandbox, config);
  try {
    await unboundIsRepaired(sandbox, page);
    await zombieIsDeleted(sandbox, page);
    page.command('dave', 'halt sandbox');
    await saidTo(page, /Halted: sandbox/);
    page.command('dave', 'resume sandbox');
    await saidTo(page, /approver/i);
    page.command('alice', 'resume sandbox');
    await saidTo(page, /Resumed: sandbox/);
    page.command('bob', 'digest now');
    await saidTo(page, /digest is posted/);

    const card = await nodeIsApproved(sandbox, page);
    await waitFor('the start to be under way', () => isIntended(redis, prefix), { withinMs: 60_000 });
    await kill(bot);
    bot = await startBot(sandbox, config);
    await resolved(page, card);

    await sandbox.say('break', 'channel-leak');
    const leak = await alertAbout(page, /channels/i);
    await review(page, 'alice', leak);
    page.closeModal('alice');
    const withPlan = await page.until('the plan in the thread', (now) => threadButton(now, leak));
    page.click('alice', withPlan, 'run:cancel');
    await page.until('the plan to be withdrawn', (now) =>
      now.messages().find(({ text }) => /cancelled/i.test(text)),
    );
  } finally {
    await kill(bot);
    page.close();
  }
}

async function unboundIsRepaired(sandbox: TestSandbox, page: SlackPage): Promise<void> {
  await sandbox.say('break', 'unbound');
  const card = await alertAbout(page, /no exchange leads to conductor/i);
  page.click('bob', await fixOffered(page, card), 'incident:ack');
  await review(page, 'alice', card);
  await approve(page, 'alice');
  await resolved(page, card);
}

async function zombieIsDeleted(sandbox: TestSandbox, page: SlackPage): Promise<void> {
  await sandbox.say('break', 'zombie-queue');
  const card = await alertAbout(page, /zombie/i);
  await review(page, 'bob', card);
  await approve(page, 'bob');
  await resolved(page, card);
}

async function nodeIsApproved(sandbox: TestSandbox, page: SlackPage): Promise<PageMessage> {
  await sandbox.say('break', 'node-down');
  const card = await alertAbout(page, /down/i);
  for (const person of ['carol', 'bob'] as const) {
    await review(page, person, card);
    await approve(page, person);
  }
  return card;
}

async function isIntended(redis: Redis, prefix: string): Promise<boolean> {
  const runs = await openStores(redis, prefix).runs.active('sandbox');
  return runs.some(({ items }) => items.some(({ state }) => state === 'intended'));
}

const threadButton = (page: SlackPage, card: PageMessage): PageMessage | undefined =>
  page
    .messages()
    .find(
      (each) =>
        each.thread_ts === card.ts &&
        each.blocks.some(({ elements = [] }) => elements.some(({ action_id }) => action_id === 'run:cancel')),
    );

const saidTo = (page: SlackPage, words: RegExp): Promise<PageMessage> =>
  page.until(`an answer with ${words}`, (now) =>
    now
      .messages()
      .toReversed()
      .find((each) => words.test(`${each.text}${JSON.stringify(each.blocks)}`)),
  );

/** The sandbox's own configuration with the approvals of a real bot, and with an audit that is sealed. */
function writeConfig(sandbox: TestSandbox): string {
  const { config } = sandbox.report();
  const path = `${config}.stored-state.yaml`;
  const content: { people: object } = parse(readFileSync(config, 'utf8'));
  const people = { ...content.people, approvals: { destructive: 1, node: 2 } };
  writeFileSync(path, stringify({ ...content, people, audit: { key: AUDIT_KEY } }));
  return path;
}

async function startBot(sandbox: TestSandbox, config: string): Promise<ChildProcess> {
  const main = join(projectFolder, 'src', 'bot', 'main.ts');
  const bot = spawn(process.execPath, ['--import', 'tsx', main, 'start', '--config', config], {
    cwd: projectFolder,
    stdio: 'ignore',
    env: inheritedEnvironment,
  });
  const readyUrl = sandbox.report().healthUrl.replace('healthz', 'readyz');
  await waitFor('the bot to be ready', async () => (await fetch(readyUrl)).ok, { withinMs: 60_000 });
  return bot;
}

async function kill(bot: ChildProcess): Promise<void> {
  if (bot.exitCode !== null || bot.signalCode !== null) {
    return;
  }
  const ended = once(bot, 'exit');
  bot.kill('SIGKILL');
  await ended;
}
