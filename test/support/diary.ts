import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { projectFolder } from '../../sandbox/layout.ts';
import type { TestSandbox } from './sandbox.ts';

/** Where the logs of a failed test's sandbox are kept; its own folder is gone when the tests end. */
const KEPT = join(projectFolder, '.test-failures');

// What a run prints may be read where nothing else of it is left, and only its end: short lines, and few.
const LINES = 12;
const LINE_LENGTH = 400;

/** Of a node that goes down, each client says so on several lines. */
const CLIENTS = /(channel|connection) exception|channel error on|AMQP connection/i;

/**
 * Tells, after a test of this file has failed, what every part of its sandbox says of itself, and keeps their logs in
 * `.test-failures/`. Call it after the file's own `afterEach`: the last one registered runs first, and those may heal
 * what went wrong.
 */
export function tellWhenFailed(sandboxOf: () => TestSandbox | undefined): void {
  afterEach(async ({ task }) => {
    const sandbox = sandboxOf();
    if (task.result?.state !== 'fail' || sandbox === undefined) {
      return;
    }
    const folder = dirname(sandbox.report().config);
    const kept = join(KEPT, task.name.replaceAll(/[^a-z0-9]+/gi, '-'));
    cpSync(folder, kept, { recursive: true, filter: isFolderOrLog });
    console.error([`Its logs: ${kept}`, ...(await diaryOf(sandbox))].map(shortened).join('\n'));
  });
}

const isFolderOrLog = (path: string): boolean =>
  /\.(log|jsonl)$/.test(path) || (!/^(data|plugins-expand)$/.test(basename(path)) && isFolder(path));

// A socket that somebody has just closed, or a file that is being replaced: no longer there.
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const shortened = (line: string): string =>
  line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)} …` : line;

async function diaryOf(sandbox: TestSandbox): Promise<readonly string[]> {
  const { clusters, config } = sandbox.report();
  const logs = join(dirname(config), 'logs');
  const brokers = clusters.flatMap(({ nodes, ...login }) => nodes.map((node) => ({ ...login, ...node })));
  return [
    '=== what the nodes answer',
    ...(await Promise.all(brokers.map(answerOf))),
    '=== incidents',
    (await sandbox.watership('incidents')).output,
    '=== audit',
    ...(await sandbox.watership('audit')).output.trimEnd().split('\n').slice(-LINES),
    '=== what the bot had done',
    ...sandbox
      .operations()
      .slice(-LINES)
      .map((each) => JSON.stringify(each)),
    '=== what the bot warned of',
    ...linesOf(join(logs, 'bot.log'), /"level":[456]0/),
    ...brokers.flatMap(({ name, dataDir }) => [
      `=== ${name}`,
      ...logsIn(join(dirname(dataDir), 'logs')).flatMap((log) =>
        linesOf(log, /\[(error|critical)\]|inconsistent|node .* (up|down)/i, CLIENTS),
      ),
    ]),
  ];
}

/** The very question that the bot asks, and what came back. */
async function answerOf(node: {
  readonly name: string;
  readonly managementPort: number;
  readonly username: string;
  readonly password: string;
}): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${node.username}:${node.password}`).toString('base64')}`;
  try {
    const answer = await fetch(
      `http://127.0.0.1:${node.managementPort}/api/nodes?columns=name,running,partitions,cluster_links.name`,
      { headers: { authorization }, signal: AbortSignal.timeout(5_000) },
    );
    return `${node.name}: ${answer.status} ${await answer.text()}`;
  } catch (error) {
    return `${node.name}: ${String(error)}`;
  }
}

const logsIn = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.log'))
        .map((name) => join(folder, name))
    : [];

const linesOf = (log: string, wanted: RegExp, unwanted?: RegExp): readonly string[] =>
  existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => wanted.test(line) && unwanted?.test(line) !== true)
        .slice(-LINES)
    : [];
