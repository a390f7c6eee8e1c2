import type { HomeView, KnownBlock, ModalView } from './slack-blocks.ts';

/** All that the bot asks of Slack. The real one is `openSlackPort`; tests hand in one that writes down its calls. */
export interface SlackPort {
  postMessage(message: SlackMessage): Promise<{ readonly ts: string }>;
  updateMessage(message: SlackMessage & { readonly ts: string }): Promise<void>;
  /** Shown to one person only; Slack does not promise to deliver it. */
  postEphemeral(message: EphemeralMessage): Promise<void>;
  openView(triggerId: string, view: ModalView): Promise<{ readonly viewId: string }>;
  updateView(viewId: string, view: ModalView): Promise<void>;
  publishHome(user: string, view: HomeView): Promise<void>;
  /** Whose the app's token is. */
  workspace(): Promise<Workspace>;
  userInfo(user: string): Promise<SlackPerson>;
  groupMembers(group: string): Promise<readonly string[]>;
  /** Whether the channel is shared with another organisation. */
  isShared(channel: string): Promise<boolean>;
  /**
   * The timestamp of a message of ours in a channel, or in a thread of it, whose blocks' ids begin with this prefix; undefined
   * when there is none, or when the app may not read the channel. Used only where a post may have been made and not written
   * down: after a crash, or when no answer came.
   */
  findMessage(channel: string, blockIdPrefix: string, threadTs?: string): Promise<string | undefined>;
}

export interface SlackMessage {
  readonly channel: string;
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
  readonly threadTs?: string;
  /** A reply that the channel sees too. */
  readonly broadcast?: boolean;
  /** What goes first when Slack slows us down. @default 'normal' */
  readonly urgency?: Urgency;
}

/** Decisions before news, news before progress. */
export type Urgency = 'decision' | 'normal' | 'progress';

export interface EphemeralMessage {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
  readonly threadTs?: string;
}

export interface SlackPerson {
  readonly id: string;
  /** What people call them. */
  readonly name: string;
  readonly team?: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  readonly isDeleted: boolean;
}

/** Where the app is installed: in one workspace, or in all of an organisation's. */
export type Workspace =
  | { readonly kind: 'team'; readonly team: string }
  | { readonly kind: 'enterprise'; readonly enterprise: string };
