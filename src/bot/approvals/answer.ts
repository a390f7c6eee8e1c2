/** What a click or a command comes to: always said to the person, in words. */
export interface CallerAnswer {
  readonly text: string;
  /** Was it refused, or did it come too late? It is then said and written down, and nothing was changed. */
  readonly refused?: boolean;
}

/** Who asks, and from where. */
export interface Caller {
  readonly user: string;
  /** The workspace of the person, and the one that the bot lives in. */
  readonly userTeam?: string;
  /** The organisation that the payload names. */
  readonly enterprise?: string;
  readonly team?: string;
  /** Typed at the bot's own machine: `cli:<user>`. `user` is then the Slack user that the configuration says it is. */
  readonly terminal?: string;
  /** Absent for a slash command: its answer is private, so the channel does not matter. */
  readonly channel?: string;
}
