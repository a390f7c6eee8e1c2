import type { People, Sharing } from '../../ports/people.ts';

/** Answer to a click or a command: always said to the person, in words. */
export interface CallerAnswer {
  readonly text: string;
  /** Whether it was refused or came too late. The refusal is then recorded, and nothing was changed. */
  readonly refused?: boolean;
}

/** Person who asks, and the surface through which they do. Made once, where the click, the command or the terminal comes in. */
export interface Caller {
  readonly user: string;
  /** The workspace of the person, and the one that the bot lives in. */
  readonly userTeam?: string;
  /** The organisation that the payload names. */
  readonly enterprise?: string;
  readonly team?: string;
  readonly surface: CallerSurface;
}

/** Surface through which somebody asks, as it is: nothing behind the edge puts another one in its place. */
export type CallerSurface =
  | {
      /** A message or a modal. */
      readonly kind: 'channel';
      readonly channel: string;
      /** Looked up from the click on, beside who the person is: Slack waits three seconds for both. It never rejects. */
      readonly sharing: Sharing | Promise<Sharing>;
    }
  /** A slash command: its answer is private, so the channel does not matter. */
  | { readonly kind: 'command' }
  /** A command at the bot's own machine, `name` being `cli:<user>`. The caller's `user` is whoever the configuration says that is. */
  | { readonly kind: 'terminal'; readonly name: string };

/** Surface of a click in a channel: asks at once who reads along there. */
export const channelSurface = (people: Pick<People, 'sharing'>, channel: string): CallerSurface => ({
  kind: 'channel',
  channel,
  sharing: people.sharing(channel),
});

/** Name of a caller in the audit: at a terminal both names count. */
export const actorOf = ({ user, surface }: Caller): string =>
  surface.kind !== 'terminal' || surface.name === user ? user : `${surface.name} (${user})`;

/** Channel of a caller, for what is shown there; empty where there is none. */
export const channelOf = ({ surface }: Caller): string => (surface.kind === 'channel' ? surface.channel : '');

/** Surface of a caller as the audit names it. */
export const auditSurfaceOf = ({ surface }: Caller): { readonly surface: 'slack' | 'cli' } => ({
  surface: surface.kind === 'terminal' ? 'cli' : 'slack',
});
