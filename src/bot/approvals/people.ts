import type { Clock } from '../../runbooks/index.ts';
import type { PeopleConfig } from '../config/config.ts';
import type { People, Roles } from '../ports/people.ts';
import type { SlackPerson, SlackPort, Workspace } from '../ports/slack.ts';

/** How long an answer about a person counts: somebody who is taken off a group loses the right within it. */
const FRESH_MS = 60_000;
/** Names change rarely. */
const NAME_FRESH_MS = 3_600_000;
/** Slack waits three seconds for an answer to a click; looking somebody up must leave room for the rest. */
const LOOKUP_MS = 1_800;

export function createPeople({
  slack,
  clock,
  people,
  onFailure = () => {},
}: {
  readonly slack: Pick<SlackPort, 'workspace' | 'userInfo' | 'groupMembers' | 'isShared'>;
  readonly clock: Clock;
  readonly people: PeopleConfig;
  /** Called with each lookup that fails or takes too long. The person only reads that Slack did not say. @default nobody */
  readonly onFailure?: (error: unknown) => void;
}): People {
  const persons = createCache<SlackPerson>(clock, onFailure);
  const groups = createCache<readonly string[]>(clock, onFailure);
  const channels = createCache<boolean>(clock, onFailure);
  const workspaces = createCache<Workspace>(clock, onFailure);
  const person = (id: string, freshMs: number) => persons.get(id, freshMs, () => slack.userInfo(id));

  async function isAmong(user: string, entries: readonly string[]): Promise<boolean | 'unknown'> {
    if (entries.includes(user)) {
      return true;
    }
    const answers = await Promise.all(
      entries
        .filter((entry) => entry.startsWith('S'))
        .map((group) => groups.get(group, FRESH_MS, () => slack.groupMembers(group))),
    );
    if (answers.some((members) => members?.includes(user) === true)) {
      return true;
    }
    return answers.includes(undefined) ? 'unknown' : false;
  }

  async function roles(user: string): Promise<Roles> {
    const [isApprover, isAdmin, isOnCall] = await Promise.all([
      isAmong(user, people.approvers),
      isAmong(user, people.adminApprovers),
      isAmong(user, people.onCall),
    ]);
    return isApprover === 'unknown' || isAdmin === 'unknown'
      ? 'unknown'
      : { isApprover, isAdmin, isOnCall: isOnCall === true };
  }

  return {
    roles,

    async approvers() {
      const entries = [...people.approvers, ...people.adminApprovers];
      const members = await Promise.all(
        entries.map(async (entry) =>
          entry.startsWith('S')
            ? ((await groups.get(entry, FRESH_MS, () => slack.groupMembers(entry))) ?? [])
            : [entry],
        ),
      );
      return [...new Set(members.flat())];
    },

    async sharing(channel) {
      const isShared = await channels.get(channel, FRESH_MS, () => slack.isShared(channel));
      return isShared === undefined ? 'unknown' : isShared ? 'shared' : 'own';
    },

    async principal({ user, terminal, ...from }) {
      // The configuration vouches for who this is, so that it works while Slack is down: for people named by their ids.
      if (terminal !== undefined) {
        return { id: user, isBot: false, isGuest: false, isForeign: false, roles: await roles(user) };
      }
      const [known, theirRoles, own] = await Promise.all([
        person(user, FRESH_MS),
        roles(user),
        workspaces.get('own', NAME_FRESH_MS, () => slack.workspace()),
      ]);
      return {
        id: user,
        isBot: known?.isBot ?? false,
        isGuest: known?.isGuest ?? false,
        isForeign: isForeignTo(own, from),
        // Without an answer nobody knows whether this is a guest, a bot or somebody of another workspace.
        roles: own === undefined || known === undefined || known.isDeleted ? 'unknown' : theirRoles,
      };
    },

    async names(ids) {
      const found = await Promise.all(
        ids
          .filter((id) => /^[UW][A-Z0-9_]+$/.test(id))
          .map(async (id) => [id, (await person(id, NAME_FRESH_MS))?.name] as const),
      );
      return new Map(found.flatMap(([id, name]) => (name === undefined ? [] : [[id, name]])));
    },
  };
}

/**
 * Compared with what Slack says to our own token: two fields of one payload agree with each other wherever it comes from. In an
 * organisation people of all its workspaces are our own.
 */
function isForeignTo(
  own: Workspace | undefined,
  from: { readonly userTeam?: string; readonly team?: string; readonly enterprise?: string },
): boolean {
  if (own?.kind === 'enterprise') {
    return from.enterprise !== own.enterprise;
  }
  const home = own?.team ?? from.team;
  return [from.userTeam, from.team].some((team) => team !== undefined && home !== undefined && team !== home);
}

/** Keeps answers for a while; a lookup that fails, or takes too long, answers undefined and is not kept. */
function createCache<Value>(clock: Clock, onFailure: (error: unknown) => void) {
  const kept = new Map<string, { readonly value: Value; readonly atMs: number }>();
  const asked = new Map<string, Promise<Value | undefined>>();
  return {
    async get(key: string, freshMs: number, look: () => Promise<Value>): Promise<Value | undefined> {
      const known = kept.get(key);
      if (known !== undefined && clock.now() - known.atMs <= freshMs) {
        return known.value;
      }
      // Who asks while somebody else is asking gets the same answer.
      const underWay = asked.get(key) ?? lookUp(key, look).finally(() => asked.delete(key));
      asked.set(key, underWay);
      return await underWay;
    },
  };

  async function lookUp(key: string, look: () => Promise<Value>): Promise<Value | undefined> {
    const tooLong = new AbortController();
    try {
      const value = await Promise.race([
        look(),
        clock.sleep(LOOKUP_MS, tooLong.signal).then(() => {
          throw new Error('Slack took too long to answer');
        }),
      ]);
      kept.set(key, { value, atMs: clock.now() });
      return value;
    } catch (error) {
      onFailure(error);
      return undefined;
    } finally {
      tooLong.abort();
    }
  }
}
