/** Where the bot's configuration is looked for, in this order. */
export const SEARCHED = ['./watership.yaml', '/etc/watership/watership.yaml'] as const;

/** Where an agent's configuration is looked for, in this order. */
export const SEARCHED_FOR_AGENT = ['./agent.yaml', '/etc/watership-agent/agent.yaml'] as const;
