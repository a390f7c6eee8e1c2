import type { Names } from '../wording/words.ts';

/** Somebody who asks for something, as Slack and the configuration know them at this moment. */
export interface Principal {
  readonly id: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  /** Whether the person is of another workspace than the bot's. */
  readonly isForeign: boolean;
  readonly roles: Roles;
}

/** `unknown` when Slack could not be asked: that is never a yes. */
export type Roles =
  | { readonly isApprover: boolean; readonly isAdmin: boolean; readonly isOnCall: boolean }
  | 'unknown';

/** Whether people of other organisations read a channel; `unknown` when Slack could not be asked. */
export type Sharing = 'own' | 'shared' | 'unknown';

/** Who people are and what they may do, asked at the click. */
export interface People {
  /** A lookup that fails makes the roles `unknown`, which is a no. */
  principal(caller: {
    readonly user: string;
    readonly userTeam?: string;
    readonly team?: string;
    readonly enterprise?: string;
    readonly terminal?: string;
  }): Promise<Principal>;
  /** Do people of other organisations read this channel? A lookup that fails answers `unknown`. */
  sharing(channel: string): Promise<Sharing>;
  roles(user: string): Promise<Roles>;
  /** Ids of everybody who may approve; a group that cannot be asked is left out. */
  approvers(): Promise<readonly string[]>;
  /** Names for ids; one that cannot be found is left out. */
  names(ids: readonly string[]): Promise<Names>;
}
