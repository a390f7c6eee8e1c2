import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Every TypeScript file under `folder`, as paths from the project's root. */
function sourcesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

const importPattern =
  /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

/** What a file imports: project files as paths from the root, packages by their name. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(importPattern)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((target) => (target.startsWith('.') ? join(dirname(path), target) : target));
}

const sources = sourcesUnder('src');
const edges = sources.flatMap((from) => importsOf(from).map((to) => ({ from, to })));
const roomOf = (path: string): string | undefined => /^src\/(bot|runbooks|rpc)\//.exec(path)?.[1];
const show = ({ from, to }: { from: string; to: string }): string => `${from} → ${to}`;

/** Houses from the top down; a house may only enter those below it. */
const houses = ['bot', 'runbooks', 'rpc'];

/**
 * Rooms inside each house, from the top down: a room may only enter those below it. A file in the house's own folder is a
 * room by itself. `docs/decisions/0014-rooms-have-an-order.md` says why they lie as they do.
 */
const roomsFromTheTop: Readonly<Record<string, readonly string[]>> = {
  'src/bot': [
    'main.ts',
    ...['cli', 'cli/audit', 'cli/check', 'cli/rpc', 'cli/common'],
    ...['start.ts', 'open-slack.ts'],
    ...['slack/app', 'slack/http', 'slack/listeners', 'slack/commands', 'slack/commands/common'],
    ...['slack/requests', 'slack/send', 'slack/cards', 'slack/message'],
    ...['jobs', 'health', 'notify', 'digest', 'cluster', 'audit', 'approvals', 'context.ts'],
    ...['stores', 'stores/scripts', 'stores/connection', 'record', 'approvals/rules', 'ports'],
    ...['agent', 'config', 'config/cross', 'config/schema', 'config/file', 'wording', 'process'],
  ],
  'src/runbooks': [
    ...['index.ts', 'cluster-summary.ts', 'reconcile.ts', 'worst.ts', 'muting.ts', 'detect.ts'],
    ...['collect', 'hosts', 'hosts/ssh', 'hosts/agent', 'hosts/local'],
    ...['engine', 'engine/acting', 'engine/plan', 'engine/common', 'incident.ts', 'run.ts', 'canonical.ts'],
    ...['book', 'book/partition', 'book/nodes', 'book/services', 'book/dead-queues', 'book/backlog'],
    ...['book/channels', 'book/common'],
    ...['actions', 'actions/nodes', 'actions/queues', 'actions/common', 'hosts/common'],
    ...['runbook.ts', 'look.ts', 'snapshot', 'action.ts', 'verdict.ts', 'limits.ts', 'clock.ts'],
    ...['wording', 'definite.ts'],
  ],
  'src/rpc': [
    ...['index.ts', 'probe', 'notify', 'server', 'threads', 'dispatch', 'client', 'management'],
    ...['transport', 'amqp', 'wire', 'tls', 'options', 'errors.ts', 'wire/json', 'wording'],
    'definite.ts',
  ],
};

/** More files than this in one folder, and nobody finds theirs at a glance. */
const FILES_IN_A_FOLDER = 16;
const FILES_IN_THE_ROOT_OF_BOT = 4;

const houseOf = (path: string): string | undefined =>
  Object.keys(roomsFromTheTop).find((house) => path.startsWith(`${house}/`));

/** Room of a file inside its house: its folder, or the file itself where it lies in the house's own folder. */
function innerRoomOf(path: string): string {
  const inside = relative(houseOf(path) ?? '', path);
  return inside.includes('/') ? dirname(inside) : inside;
}

/** Files that import each other in a circle, as one group each; imports of types count. */
function circlesOf(paths: readonly string[], targetsOf: (path: string) => readonly string[]): string[][] {
  const reached = new Map<string, ReadonlySet<string>>();
  const reach = (start: string): ReadonlySet<string> => {
    const known = reached.get(start);
    if (known !== undefined) {
      return known;
    }
    const seen = new Set<string>();
    const pending = [...targetsOf(start)];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next)) {
        continue;
      }
      seen.add(next);
      pending.push(...targetsOf(next));
    }
    reached.set(start, seen);
    return seen;
  };
  const inCircles = paths.filter((path) => reach(path).has(path));
  const groups = new Map<string, string[]>();
  for (const path of inCircles) {
    const first = inCircles.find((other) => reach(path).has(other) && reach(other).has(path)) ?? path;
    groups.set(first, [...(groups.get(first) ?? []), path]);
  }
  return [...groups.values()];
}

describe('the house', () => {
  test('has files to look at, and their imports are found', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(edges.length).toBeGreaterThan(sources.length / 2);
  });

  test('imports go bot → runbooks → rpc and never back', () => {
    const upwards = edges.filter(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)];
      return here !== undefined && there !== undefined && houses.indexOf(there) < houses.indexOf(here);
    });
    expect(upwards.map(show)).toEqual([]);
  });

  test('every room has its place in the order, and the order names only rooms that are there', () => {
    for (const [house, rooms] of Object.entries(roomsFromTheTop)) {
      const found = new Set(sources.filter((path) => houseOf(path) === house).map(innerRoomOf));
      expect([...found].toSorted()).toEqual(rooms.toSorted());
    }
  });

  test('inside a house, imports go down the order of its rooms and never back', () => {
    const upwards = edges.filter(({ from, to }) => {
      const house = houseOf(from);
      if (house === undefined || house !== houseOf(to)) {
        return false;
      }
      const rooms = roomsFromTheTop[house] ?? [];
      return rooms.indexOf(innerRoomOf(to)) < rooms.indexOf(innerRoomOf(from));
    });
    expect(upwards.map(show)).toEqual([]);
  });

  test('folders of a house form no circle as wholes either', () => {
    const folderOf = (path: string): string =>
      join(houseOf(path) ?? '', innerRoomOf(path).split('/')[0] ?? '');
    const targets = new Map<string, string[]>();
    for (const { from, to } of edges) {
      const [here, there] = [folderOf(from), folderOf(to)];
      if (houseOf(from) === houseOf(to) && here !== there) {
        targets.set(here, [...(targets.get(here) ?? []), there]);
      }
    }
    expect(circlesOf([...targets.keys()], (folder) => targets.get(folder) ?? [])).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    const targets = new Map<string, string[]>();
    for (const { from, to } of edges) {
      targets.set(from, [...(targets.get(from) ?? []), to]);
    }
    expect(circlesOf(sources, (path) => targets.get(path) ?? [])).toEqual([]);
  });

  test('one exported name is one thing: no name is declared in two files', () => {
    const declaration =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum)\s+(\w+)/gm;
    const places = new Map<string, Set<string>>();
    for (const path of sources) {
      for (const [, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(declaration)) {
        places.set(name, (places.get(name) ?? new Set()).add(path));
      }
    }
    expect(places.size).toBeGreaterThan(sources.length);
    const twins = [...places].filter(([, paths]) => paths.size > 1);
    expect(twins.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)).toEqual([]);
  });

  test('a folder is small enough to be read at a glance', () => {
    const counts = new Map<string, number>();
    for (const path of sources) {
      counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    }
    const crowded = [...counts].filter(
      ([folder, count]) => count > (folder === 'src/bot' ? FILES_IN_THE_ROOT_OF_BOT : FILES_IN_A_FOLDER),
    );
    expect(crowded).toEqual([]);
  });

  test('Slack is entered by the start of the bot and the door for commands alone', () => {
    const visitors = edges.filter(
      ({ from, to }) =>
        to.startsWith('src/bot/slack/') &&
        !from.startsWith('src/bot/slack/') &&
        !['src/bot/start.ts', 'src/bot/open-slack.ts'].includes(from),
    );
    expect(visitors.map(show)).toEqual([]);
  });

  test('a room is entered through its index.ts', () => {
    const throughTheWindow = edges.filter(({ from, to }) => {
      const there = roomOf(to);
      return there !== undefined && there !== roomOf(from) && to !== `src/${there}/index.ts`;
    });
    expect(throughTheWindow.map(show)).toEqual([]);
  });

  test('each library is used only in the room that owns it', () => {
    const owners = [
      { library: /^@slack\//, room: /^src\/bot\/(slack|ports)\// },
      { library: /^bullmq$/, room: /^src\/bot\/jobs\// },
      { library: /^ioredis$/, room: /^src\/bot\// },
      { library: /^amqplib\b/, room: /^src\/rpc\// },
      { library: /^axios\b/, room: /^src\/(rpc|bot\/notify)\// },
      { library: /^ssh2$/, room: /^src\/runbooks\/hosts\/ssh\// },
      { library: /^croner$/, room: /^src\/bot\/process\/cron\.ts$/ },
      { library: /^prom-client$/, room: /^src\/bot\/health\// },
    ];
    const strangers = edges.filter(({ from, to }) =>
      owners.some(({ library, room }) => library.test(to) && !room.test(from)),
    );
    expect(strangers.map(show)).toEqual([]);
  });

  test('a file of the book imports only types, the snapshot, its own family, what families share, the wording and the schema library', () => {
    const allowed =
      /^(zod$|src\/runbooks\/(runbook|action|look|verdict|definite)\.ts$|src\/runbooks\/(snapshot|wording|book\/common)\/)/;
    const others = edges.filter(
      ({ from, to }) =>
        from.startsWith('src/runbooks/book/') &&
        from !== 'src/runbooks/book/index.ts' &&
        dirname(from) !== dirname(to) &&
        !allowed.test(to),
    );
    expect(others.map(show)).toEqual([]);
  });

  test('the book and the snapshot know no clock, no chance and no waiting', () => {
    const impure = /\bDate\.now\(|new Date\(\)|Math\.random\(|\bawait\b|\bsetTimeout\(|performance\.now\(/;
    const guilty = sources
      .filter((path) => /^src\/runbooks\/(book|snapshot|engine)\//.test(path))
      .filter((path) => impure.test(readFileSync(join(root, path), 'utf8')));
    expect(guilty).toEqual([]);
  });

  test('the environment is read in one file', () => {
    const readers = sources.filter((path) => readFileSync(join(root, path), 'utf8').includes('process.env'));
    expect(readers).toEqual(['src/bot/process/environment.ts']);
  });

  test('only the program’s entry decides how the process ends', () => {
    const enders = sources.filter((path) => readFileSync(join(root, path), 'utf8').includes('process.exit('));
    expect(enders).toEqual([]);
  });

  test('no command is a shell string', () => {
    const shells = sources.filter((path) =>
      /\bshell:\s*true|\bexecSync\(|[^.\w]exec\(/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(shells).toEqual([]);
  });
});
