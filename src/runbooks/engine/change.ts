import type { Plan, PlannedItem } from '../run.ts';
import { canonicalJson } from './canonical.ts';
import type { EngineTools } from './tools.ts';

/**
 * Is an approved plan still the plan? Absent when it is; else one sentence that says what is different.
 *
 * Counters move between approval and check, so equality would make every busy cluster's approval worthless. Hence:
 * targets, calls and their texts must be equal; an argument named `max…` is a limit that was approved and is kept (the
 * action's precheck holds the world to it); what is lost may shrink, and its messages may grow a little.
 */
export function whatChanged(approved: Plan, fresh: Plan, tools: EngineTools): string | undefined {
  const length = Math.max(approved.items.length, fresh.items.length);
  for (let index = 0; index < length; index += 1) {
    const was = approved.items[index];
    const is = fresh.items[index];
    if (was === undefined) return `step ${index + 1} is new: ${titleOf(is)}`;
    if (is === undefined) return `step ${index + 1} is gone: ${titleOf(was)}`;
    if (essence(was) !== essence(is))
      return was.title === is.title
        ? `step ${index + 1} would do something else: ${is.title}`
        : `step ${index + 1} was "${was.title}", now it is "${is.title}"`;
    if (was.kind === 'act' && tools.describe(was.call).text !== was.describe)
      return `step ${index + 1} would run another command: ${was.title}`;
  }
  const lost = fresh.lost.find((line) => !approved.lost.some((known) => isCovered(known, line)));
  return lost === undefined ? undefined : `more would be lost: ${lost}`;
}

const titleOf = (item: PlannedItem | undefined): string => item?.title ?? '';

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

// The on-call example allows 5 % (36,496 messages); small counts need room for the traffic of a few minutes.
const MESSAGES_SHARE = 0.05;
const MESSAGES_ROOM = 100;

/** Does the approved line cover the fresh one: the same words, and numbers that have not grown beyond measure? */
function isCovered(approved: string, fresh: string): boolean {
  if (approved.replace(standaloneNumber, '#') !== fresh.replace(standaloneNumber, '#')) return false;
  const isAboutMessages = /\b(messages?|ready|unread)\b/i.test(approved);
  const was = numbersIn(approved);
  return numbersIn(fresh).every((count, index) => {
    const base = was[index] ?? 0;
    const room = isAboutMessages ? Math.max(MESSAGES_ROOM, base * MESSAGES_SHARE) : 0;
    return count <= base + room;
  });
}

const numbersIn = (line: string): readonly number[] =>
  [...line.matchAll(standaloneNumber)].map(([text]) => Number(text.replaceAll(',', '')));
