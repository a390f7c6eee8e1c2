import type { Principal, Roles } from '../approvals/rules/decision.ts';
import type { Names } from '../wording/words.ts';

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
  /** Do people of other organisations read this channel? */
  sharing(channel: string): Promise<'own' | 'shared' | 'unknown'>;
  roles(user: string): Promise<Roles>;
  /** Ids of everybody who may approve; a group that cannot be asked is left out. */
  approvers(): Promise<readonly string[]>;
  /** Names for ids; one that cannot be found is left out. */
  names(ids: readonly string[]): Promise<Names>;
}
