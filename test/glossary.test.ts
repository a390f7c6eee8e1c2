import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Words that everybody who reads the code knows: of English, of programming, of RabbitMQ, OpenStack, Slack and Redis. */
const plainWords = new Set(
  `
  about act adapt address ahead allow announced answer answered answers applied args asked asks
  away backlog batch block body bot bound broker business busy button by call candidate carried carry case
  change check checked click clock code collect command common config configured confirmation
  conflicts connected connection connections connector console consumed consumer consumers cross current dead
  decide decision deletable deletion delivery detail detected detection diagnosis durable each element
  elsewhere end ended ending entry environment ephemeral erased errors event executor exit exposed fact facts
  failed fault field file filled following guard handle haproxy header headers health home host hosts hours http
  input inspect invalid job key keys kind known leak left limiter limits line link list listener
  listing loaded lost maintenance manual many meanings memory message method metric metrics modal
  model mrkdwn name names next node not notice notified of on once open operation option options
  origin outcome overrides owner page parsed part path payload people person pin placed plain port
  ports poster pressed private problem program programs progress question queue queues rate raw
  reached read reason receiver reconcile reconciled recorded redis reference refusal refused rendered
  replicas replicated reply report request resolved restart result review rights roles route rpc
  sample schedule script section seen sentinel server service settings severity sharing shell signed single
  slack socket sought sources ssh standing state stopped store stored stores submission summary target
  targets tell templates text texts thread tls to told too tools trimmed trouble trust turned typed
  unchanged unknown unreachable urgency verified verify wait waiting way webhook when workers workspace
`
    .trim()
    .split(/\s+/),
);

const sources = ['src/bot', 'src/runbooks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(root, folder, name), 'utf8') })),
);

/** First cells of the glossary: the word in bold, and other forms of it behind a comma. */
const entries = [
  ...readFileSync(join(root, 'docs/glossary.md'), 'utf8').matchAll(/^\| \*\*(.+?)\*\*(.*?) \|/gm),
].map(([, word = '', forms = '']) => ({ word, all: `${word} ${forms}`.match(/[a-z]+/g) ?? [] }));

const glossary = new Set(entries.flatMap(({ all }) => all));
const isKnown = (word: string): boolean =>
  [word, word.replace(/s$/, '')].some((form) => glossary.has(form) || plainWords.has(form));

/** `RunContext` → run, context. */
const wordsOf = (name: string): readonly string[] =>
  (name.match(/[A-Z]+(?![a-z])|[A-Z][a-z0-9]+/g) ?? []).map((word) => word.toLowerCase());

const namePattern = /^export (?:declare |abstract )*(?:class|interface|type) (\w+)/gm;

/** What is to be done about words of type names that nobody has explained. */
function unexplained(path: string, text: string): readonly string[] {
  return [...text.matchAll(namePattern)].flatMap(([, name = '']) =>
    wordsOf(name)
      .filter((word) => !isKnown(word))
      .map(
        (word) =>
          `${name} (${path}) uses the word “${word}”. If it is a word of our own, use one that docs/glossary.md has, or explain it ` +
          'there. If everybody who reads the code knows it, add it to plainWords in test/glossary.test.ts.',
      ),
  );
}

test('every word in the name of an exported type is explained in the glossary, or everybody knows it', () => {
  expect(sources.flatMap(({ path, text }) => unexplained(path, text))).toEqual([]);
});

test('a newly invented word is told with the type, its file and what to do', () => {
  expect(unexplained('src/bot/new.ts', 'export interface RunGizmo {')).toEqual([
    expect.stringMatching(/^RunGizmo \(src\/bot\/new\.ts\) uses the word “gizmo”\. .*docs\/glossary\.md/),
  ]);
});

test('every word of the glossary still occurs in the code, and none stands there twice', () => {
  const code = sources.map(({ text }) => text).join('\n');
  const isUsed = (word: string): boolean =>
    new RegExp(`\\b_?\\w*${word.split(/[ -]/).join('[ _-]?')}`, 'i').test(code);
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.map(({ word }) => word).filter((word) => !isUsed(word))).toEqual([]);
  expect(new Set(entries.map(({ word }) => word)).size).toBe(entries.length);
});

test('no word is both one of our own and one that everybody knows', () => {
  expect([...plainWords].filter((word) => glossary.has(word))).toEqual([]);
});
