/** Somebody who asks for something, as Slack and the configuration know them at this moment. */
export interface Principal {
  readonly id: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  /** Of another workspace than the one the bot lives in. */
  readonly isForeign: boolean;
  readonly roles: Roles;
}

/** `unknown` when Slack could not be asked: that is never a yes. */
export type Roles =
  | { readonly isApprover: boolean; readonly isAdmin: boolean; readonly isOnCall: boolean }
  | 'unknown';

/** Whether it may be, and why not. */
export type Decision =
  | {
      readonly allowed: true;
      readonly isEnough: boolean;
      /** Only of a vote: it breaks the glass. Where an ordinary vote does as much, asking for it breaks nothing. */
      readonly breakGlass?: boolean;
    }
  | { readonly allowed: false; readonly why: Refusal; readonly because: string };

/** Why not, for programs. */
export type Refusal =
  | 'bot'
  | 'guest'
  | 'foreign'
  | 'wrong-channel'
  | 'shared-channel'
  | 'unknown-roles'
  | 'no-rights'
  | 'own-request'
  | 'already-voted'
  | 'not-on-call'
  | 'no-glass'
  | 'outside-hours';

/** A no, with what somebody who reads it can do. */
export const refuse = (why: Refusal, because: string): Decision => ({ allowed: false, why, because });
