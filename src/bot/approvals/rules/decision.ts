/** Whether it may be, and why not. */
export type Decision =
  | {
      readonly allowed: true;
      readonly isEnough: boolean;
      /** Only of a vote: it used break-glass. Where an ordinary vote does as much, asking for break-glass changes nothing. */
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
