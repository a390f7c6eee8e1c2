import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFolder } from '../../sandbox/layout.ts';
import { tellWhenFailed } from '../support/diary.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PICTURES = join(projectFolder, 'docs', 'images');

let sandbox: TestSandbox;
let browser: Browser;

beforeAll(async () => {
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('No browser. Install one: apt-get install chromium');
  }
  mkdirSync(PICTURES, { recursive: true });
  [sandbox, browser] = await Promise.all([
    openSandbox(),
    chromium.launch({
      executablePath,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
        ...['--disable-component-update', '--disable-sync', '--no-first-run'],
      ],
    }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.[Symbol.asyncDispose]();
});
tellWhenFailed(() => sandbox);

async function openAs(
  person: string,
  size: { readonly width: number; readonly height: number },
): Promise<Page> {
  const page = await browser.newPage({ viewport: size, deviceScaleFactor: 2 });
  await page.goto(sandbox.report().slack.url);
  await page.getByText('rabbit-alerts').first().click();
  await page.locator('select').first().selectOption({ label: person });
  return page;
}

/** The upper part of the page: the rest is empty. */
async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, name), clip: { x: 0, y: 0, width: 1280, height: 420 } });
}

test('somebody sees the card in the browser, reviews the fix, approves it, and reads that it worked', async () => {
  const page = await openAs('Alice (approver)', { width: 1280, height: 720 });
  await sandbox.say('break', 'partition');

  const reviewFix = page.getByRole('button', { name: 'Review fix' });
  await page.getByText('Network split').first().waitFor({ timeout: 60_000 });
  await reviewFix.waitFor();
  await picture(page, 'alert-card.png');
  const phone = await openAs('Alice (approver)', { width: 390, height: 844 });
  // The local Slack has no page for phones; a phone shows one channel and nothing else.
  await phone.addStyleTag({ content: '.sidebar, .topbar { display: none }' });
  await phone.getByText('Network split').first().waitFor();
  await phone.screenshot({ path: join(PICTURES, 'alert-card-phone.png') });
  await phone.close();

  await reviewFix.click();
  const approve = page.getByRole('button', { name: 'Approve' });
  await approve.waitFor({ timeout: 60_000 });
  await page.locator('.modal-overlay').screenshot({ path: join(PICTURES, 'review-fix.png') });
  await page.getByPlaceholder('sandbox').fill('sandbox');
  await page.locator('.modal-overlay input:not([type=radio])').nth(1).fill('seen in the browser');
  await approve.click();
  await page.getByText('Recorded').first().waitFor();
  await page.getByRole('button', { name: 'Close' }).last().click();

  await page.getByText('RESOLVED').first().waitFor({ timeout: 300_000 });
  await picture(page, 'resolved-card.png');
  expect(await sandbox.isWhole()).toBe(true);
});
