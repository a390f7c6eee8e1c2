import { arch, cpus, freemem, hostname, loadavg, release, totalmem, type, uptime } from 'node:os';
import { z } from 'zod';

/** What a machine says about itself. */
const hostFactsSchema = z.object({
  hostname: z.string(),
  kernel: z.string(),
  uptimeSeconds: z.number(),
  processors: z.number(),
  /** Over one, five and fifteen minutes. */
  load: z.array(z.number()),
  memoryBytes: z.object({ total: z.number(), free: z.number() }),
});

const words = z.array(z.string());

/** What an agent adds: its clock, what it may do, and by which commands. */
export const agentFactsSchema = hostFactsSchema.extend({
  clockMs: z.number(),
  allow: z.object({ restart: words, status: words, read: words }),
  commands: z.record(z.string(), words),
});

export type AgentFacts = z.infer<typeof agentFactsSchema>;
export type HostFacts = z.infer<typeof hostFactsSchema>;

/** The facts of this machine. */
export function hostFacts(): HostFacts {
  return {
    hostname: hostname(),
    kernel: `${type()} ${release()} ${arch()}`,
    uptimeSeconds: Math.round(uptime()),
    processors: cpus().length,
    load: loadavg().map((each) => Math.round(each * 100) / 100),
    memoryBytes: { total: totalmem(), free: freemem() },
  };
}
