import { expect } from 'vitest';
import type { EphemeralMessage, SlackMessage, SlackPerson, SlackPort } from '../../../src/bot/ports/slack.ts';
import type { HomeView, ModalView } from '../../../src/bot/ports/slack-blocks.ts';
import { SlackRefused } from '../../../src/bot/ports/slack-errors.ts';
import { problemsOfMessage, problemsOfView } from '../slack/block-problems.ts';

export type SentMessage = SlackMessage & { readonly ts: string };

/** A Slack that writes down what it is told, and refuses what the real one would refuse. */
export interface FakeSlack extends SlackPort {
  /** Messages as they stand now, in the order of posting. */
  readonly messages: SentMessage[];
  /** How often each method was called. */
  readonly calls: Map<string, number>;
  readonly whispers: EphemeralMessage[];
  readonly views: Map<string, ModalView>;
  readonly homes: Map<string, HomeView>;
  readonly groups: Map<string, readonly string[] | Error>;
  readonly persons: Map<string, SlackPerson | Error>;
  /** Channels that other organisations read too. */
  readonly shared: Set<string>;
  /** Takes a message away, as a person may. */
  forget(ts: string): void;
  /** The next call of a method fails with this. */
  failNext(method: keyof SlackPort, error: Error): void;
}

export const person = (id: string, name: string, change: Partial<SlackPerson> = {}): SlackPerson => ({
  id,
  name,
  team: 'T1',
  isBot: false,
  isGuest: false,
  isDeleted: false,
  ...change,
});

export function fakeSlack(): FakeSlack {
  const messages: SentMessage[] = [];
  const calls = new Map<string, number>();
  const whispers: EphemeralMessage[] = [];
  const views = new Map<string, ModalView>();
  const homes = new Map<string, HomeView>();
  const groups = new Map<string, readonly string[] | Error>();
  const persons = new Map<string, SlackPerson | Error>();
  const shared = new Set<string>();
  const failures = new Map<string, Error[]>();
  let counter = 0;

  const count = (method: keyof SlackPort): void => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    const failure = failures.get(method)?.shift();
    if (failure !== undefined) {
      throw failure;
    }
  };
  const valueOrThrow = <Value>(value: Value | Error | undefined, otherwise: string): Value => {
    if (value === undefined || value instanceof Error) {
      throw value ?? new SlackRefused('lookup', otherwise);
    }
    return value;
  };

  return {
    messages,
    calls,
    whispers,
    views,
    homes,
    groups,
    persons,
    shared,
    forget: (ts) => {
      messages.splice(
        messages.findIndex((message) => message.ts === ts),
        1,
      );
    },
    failNext: (method, error) => failures.set(method, [...(failures.get(method) ?? []), error]),

    async postMessage(message) {
      count('postMessage');
      expect(problemsOfMessage(message)).toEqual([]);
      counter += 1;
      const ts = `17953164${String(counter).padStart(2, '0')}.000100`;
      messages.push({ ...message, ts });
      return { ts };
    },
    async updateMessage(message) {
      count('updateMessage');
      expect(problemsOfMessage(message)).toEqual([]);
      const index = messages.findIndex(({ ts, channel }) => ts === message.ts && channel === message.channel);
      const old = messages[index];
      if (old === undefined) {
        throw new SlackRefused('chat.update', 'message_not_found');
      }
      messages[index] = { ...old, text: message.text, blocks: message.blocks ?? [] };
    },
    async postEphemeral(message) {
      count('postEphemeral');
      expect(problemsOfMessage(message)).toEqual([]);
      whispers.push(message);
    },
    async openView(_triggerId, view) {
      count('openView');
      // Slack's own types allow blocks that nobody knows; ours are all known.
      expect(problemsOfView(view as Parameters<typeof problemsOfView>[0])).toEqual([]);
      counter += 1;
      views.set(`V${counter}`, view);
      return { viewId: `V${counter}` };
    },
    async updateView(viewId, view) {
      count('updateView');
      expect(problemsOfView(view as Parameters<typeof problemsOfView>[0])).toEqual([]);
      views.set(viewId, view);
    },
    async publishHome(user, view) {
      count('publishHome');
      expect(problemsOfView(view as Parameters<typeof problemsOfView>[0])).toEqual([]);
      homes.set(user, view);
    },
    async workspace() {
      count('workspace');
      return { kind: 'team', team: 'T1' };
    },
    async userInfo(user) {
      count('userInfo');
      return valueOrThrow(persons.get(user), 'user_not_found');
    },
    async groupMembers(group) {
      count('groupMembers');
      return valueOrThrow(groups.get(group), 'no_such_subteam');
    },
    async isShared(channel) {
      count('isShared');
      return shared.has(channel);
    },
    async findMessage(channel, blockIdPrefix, threadTs) {
      count('findMessage');
      return messages.find(
        (message) =>
          message.channel === channel &&
          (threadTs === undefined || message.threadTs === threadTs) &&
          message.blocks?.some(({ block_id }) => block_id?.startsWith(blockIdPrefix) === true) === true,
      )?.ts;
    },
  };
}
