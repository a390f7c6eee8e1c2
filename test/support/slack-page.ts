import { WebSocket } from 'undici';
import { z } from 'zod';
import type { SandboxReport } from '../../sandbox/report.ts';

const text = z.object({ text: z.string() });
const button = z.looseObject({
  type: z.string(),
  action_id: z.string().optional(),
  value: z.string().optional(),
});
const block = z.looseObject({
  type: z.string(),
  block_id: z.string().optional(),
  text: text.optional(),
  fields: z.array(text).optional(),
  elements: z.array(button).optional(),
  element: z.looseObject({ type: z.string(), action_id: z.string() }).optional(),
});
const message = z.looseObject({
  ts: z.string(),
  channel: z.string(),
  user: z.string().optional(),
  text: z.string().default(''),
  blocks: z.array(block).default([]),
  thread_ts: z.string().optional(),
  subtype: z.string().optional(),
  ephemeral_to: z.string().optional(),
});
const view = z.looseObject({
  id: z.string(),
  callback_id: z.string().optional(),
  submit: text.nullish(),
  blocks: z.array(block),
});
const event = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('init'),
    state: z.looseObject({ messages: z.record(z.string(), z.array(message)), modalStack: z.array(view) }),
  }),
  z.object({ t: z.literal('message'), message }),
  z.object({ t: z.literal('message_update'), message }),
  z.object({ t: z.literal('view'), stack: z.array(view) }),
  z.object({ t: z.literal('view_errors'), errors: z.record(z.string(), z.string()) }),
]);

export type PageMessage = z.output<typeof message>;
export type PageView = z.output<typeof view>;
export type Person = 'alice' | 'bob' | 'carol' | 'dave';

/** The Slack page as the browser has it: what it shows, and what a person can do there. */
export interface SlackPage {
  messages(): readonly PageMessage[];
  /** The open modal, topmost. */
  modal(): PageView | undefined;
  /** What the app said was wrong with the last submission, by block; empty when nothing was. */
  mistakes(): Readonly<Record<string, string>>;
  /** Looks again whenever the page changes, until the answer is not undefined. */
  until<T>(what: string, look: (page: SlackPage) => T | undefined, withinMs?: number): Promise<T>;
  click(person: Person, on: PageMessage, actionId: string): void;
  /** Submits the open modal: `values` by block id. */
  submit(person: Person, values: Readonly<Record<string, string>>): void;
  closeModal(person: Person): void;
  command(person: Person, words: string): void;
  close(): void;
}

/** Connects to the page's own socket. */
export async function openSlackPage({ slack }: SandboxReport): Promise<SlackPage> {
  const socket = new WebSocket(`${slack.url.replace('http', 'ws')}/ui`);
  const watchers = new Set<() => void>();
  let messages = new Map<string, PageMessage>();
  let stack: readonly PageView[] = [];
  let mistakes: Readonly<Record<string, string>> = {};
  const send = (body: object): void => socket.send(JSON.stringify(body));
  const channel = slack.channels['rabbit-alerts'];

  const page: SlackPage = {
    messages: () => [...messages.values()],
    modal: () => stack.at(-1),
    mistakes: () => mistakes,
    until: (what, look, withinMs = 60_000) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = look(page);
          if (found === undefined) {
            return;
          }
          finish();
          resolve(found);
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`${what}: not within ${withinMs / 1_000} s. The page shows:\n${describe(page)}`));
        }, withinMs);
        const finish = (): void => {
          clearTimeout(timer);
          watchers.delete(check);
        };
        watchers.add(check);
        check();
      }),
    click: (person, on, actionId) => {
      const found = on.blocks
        .flatMap(({ block_id, elements = [] }) => elements.map((element) => ({ ...element, block_id })))
        .find((element) => element.action_id === actionId);
      if (found === undefined) {
        throw new Error(`No ${actionId} on: ${on.text}`);
      }
      send({
        t: 'block_action',
        channel: on.channel,
        messageTs: on.ts,
        user: slack.people[person],
        action: found,
      });
    },
    submit: (person, values) => {
      mistakes = {};
      const inputs = (stack.at(-1)?.blocks ?? []).flatMap(({ block_id = '', element }) => {
        const value = values[block_id];
        if (element === undefined || value === undefined) {
          return [];
        }
        return [[block_id, { [element.action_id]: { type: element.type, value } }] as const];
      });
      send({ t: 'view_submit', user: slack.people[person], values: Object.fromEntries(inputs) });
    },
    closeModal: (person) => send({ t: 'view_close', user: slack.people[person] }),
    command: (person, words) =>
      send({ t: 'slash_command', user: slack.people[person], channel, command: '/rabbit', text: words }),
    close: () => socket.close(),
  };

  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('error', () => reject(new Error(`The Slack page does not answer: ${slack.url}`)));
    socket.addEventListener('message', ({ data }) => {
      const parsed = event.safeParse(JSON.parse(String(data)));
      if (!parsed.success) {
        return;
      }
      const said = parsed.data;
      switch (said.t) {
        case 'init':
          messages = new Map(
            Object.values(said.state.messages)
              .flat()
              .map((each) => [each.ts, each]),
          );
          stack = said.state.modalStack;
          resolve();
          break;
        case 'message':
        case 'message_update':
          messages.set(said.message.ts, said.message);
          break;
        case 'view':
          stack = said.stack;
          break;
        case 'view_errors':
          mistakes = said.errors;
      }
      for (const watcher of watchers) {
        watcher();
      }
    });
  });
  return page;
}

/** Everything that a message says, as one text. */
export function wordsOf(of: Pick<PageMessage, 'blocks'> | PageView): string {
  return of.blocks
    .flatMap((each) => [
      each.text?.text,
      ...(each.fields ?? []).map((field) => field.text),
      elementWords(each),
    ])
    .filter((words) => words !== undefined && words !== '')
    .join('\n');
}

function elementWords({ elements = [] }: z.output<typeof block>): string {
  return elements
    .map((element) => (typeof element['text'] === 'string' ? element['text'] : ''))
    .filter(Boolean)
    .join('\n');
}

function describe(page: SlackPage): string {
  const lines = page.messages().map((each) => `${each.thread_ts === undefined ? '' : '    '}${each.text}`);
  const modal = page.modal();
  return [
    ...lines,
    ...(modal === undefined ? [] : ['--- modal', wordsOf(modal)]),
    `--- mistakes ${JSON.stringify(page.mistakes())}`,
  ].join('\n');
}
