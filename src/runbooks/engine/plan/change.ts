import { canonicalJson } from '../../canonical.ts';
import type { Plan, PlannedItem } from '../../run.ts';
import type { EngineTools } from '../common/tools.ts';
import { inWordsOfToday } from './old-words.ts';
import { tiersByRisk } from './plan.ts';

/**
 * Difference between an approved plan and a fresh one, as one sentence; undefined while the plan is still the plan.
 *
 * Counters move between approval and check, so equality would make every busy cluster's approval worthless. Hence:
 * targets, calls and commands must be the same, in whatever order a fresh sweep lists them; an argument named `max…` is
 * a limit that was approved and is kept (the action's precheck holds the world to it); what is lost may grow a little.
 */
export function whatChanged(approved: Plan, fresh: Plan, tools: EngineTools): string | undefined {
  if (tiersByRisk.indexOf(fresh.tier) > tiersByRisk.indexOf(approved.tier)) {
    return `it needs more votes now${fresh.over === undefined ? '' : `: ${fresh.over.join('; ')}`}`;
  }
  const rewired = approved.items.find((item) => item.kind === 'act' && isRewired(item, tools));
  if (rewired !== undefined) {
    return `another command would run for "${rewired.title}"`;
  }
  const gone = without(approved.items, fresh.items);
  const added = without(fresh.items, approved.items);
  if (gone !== undefined && added !== undefined) {
    return gone.title === added.title
      ? `"${gone.title}" would do something else`
      : `"${gone.title}" has become "${added.title}"`;
  }
  if (added !== undefined) {
    return `"${added.title}" was added`;
  }
  if (gone !== undefined) {
    return `"${gone.title}" is no longer part of the plan`;
  }
  const lost = fresh.lost.find((line) => !isCovered(approved.lost, line));
  return lost === undefined ? undefined : `more would be lost: ${lost}`;
}

const isRewired = (item: Extract<PlannedItem, { kind: 'act' }>, tools: EngineTools): boolean =>
  tools.describe(item.call).text !== item.describe;

/** The first item of `items` that `others` does not have (as often). */
function without(items: readonly PlannedItem[], others: readonly PlannedItem[]): PlannedItem | undefined {
  const left = others.map(essence);
  return items.find((item) => {
    const index = left.indexOf(essence(item));
    if (index >= 0) {
      left.splice(index, 1);
    }
    return index < 0;
  });
}

/** What an item does, without its words. */
function essence(item: PlannedItem): string {
  switch (item.kind) {
    case 'act': {
      const args = Object.entries(item.call.args).filter(([name]) => !name.startsWith('max'));
      const { kind, step, target } = item;
      return canonicalJson({ kind, step, target, action: item.call.action, args: Object.fromEntries(args) });
    }
    case 'verify':
      return canonicalJson({ kind: item.kind, step: item.step, target: item.target });
    case 'manual':
      return canonicalJson({ kind: item.kind, step: item.step });
  }
}

// A number by itself: no part of a name, an address or a version of more than two parts.
const standaloneNumber = /(?<![\w.,:"'`-])(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w:"'`-]|[.,]\d)/g;

// The on-call example allows 5 %. Small counts need room for what a living cluster does in the minutes of an approval:
// some messages come, a client connects and makes its reply queue.
const SHARE = 0.05;
const MESSAGES_ROOM = 100;
const THINGS_ROOM = 5;

/**
 * Whether the approved loss covers this line: yes if a line of the same words has numbers that have hardly grown, or if a
 * new line only counts little. Which nodes and queues are acted on is in the calls; the names in a list of what they
 * hold (after a colon) come and go with the traffic.
 */
function isCovered(approved: readonly string[], fresh: string): boolean {
  const counts = countsIn(fresh);
  const known = approved.map(inWordsOfToday).find((line) => wordsOf(line) === wordsOf(fresh));
  if (known === undefined) {
    return counts.length > 0 && counts.every(({ count, room }) => count <= room);
  }
  const before = countsIn(known);
  return counts.every(({ count, room }, index) => {
    const was = before[index]?.count ?? 0;
    return count <= was + Math.max(room, was * SHARE);
  });
}

/** `at most 930` is a limit that was approved with a `max…` argument: the action keeps to it, whatever a fresh plan would say. */
const withoutLimits = (line: string): string => line.replaceAll(/\bat most [\d,]+/gi, 'at most');

/** The words of a line before its list, without counts and without what tells one from many. */
const wordsOf = (line: string): string =>
  withoutLimits(line)
    .replace(/: .*$/s, ':')
    .replace(standaloneNumber, '#')
    .replace(/\b([a-z]{3,})s\b/g, '$1');

/** Counts in a line with their room. `unread` stands in plans that 0.1.0 made, where newer ones say `ready`. */
const countsIn = (line: string): readonly { readonly count: number; readonly room: number }[] =>
  [...withoutLimits(line).matchAll(standaloneNumber)].map((match) => {
    const isOfMessages = /^\s+(?:\w+\s+){0,2}?(?:messages?|ready|unread)\b/.test(
      line.slice(match.index + match[0].length),
    );
    return {
      count: Number(match[0].replaceAll(',', '')),
      room: isOfMessages ? MESSAGES_ROOM : THINGS_ROOM,
    };
  });
