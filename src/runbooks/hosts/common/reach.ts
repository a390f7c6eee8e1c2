import type { HostAnswer, HostLimits } from './host.ts';

/** One way to a host: what a prepared command, file or search is handed to. Nothing here ever rejects. */
export interface Reach {
  run(argv: readonly string[], limits: HostLimits): Promise<HostAnswer>;
  /** Reads a file without a configured command. */
  readFile(path: string, limits: HostLimits): Promise<HostAnswer>;
  /** Looks whether programs are there, and runs none of them. */
  find(programs: readonly SoughtProgram[], limits: HostLimits): Promise<ProgramsFound>;
}

export interface SoughtProgram {
  readonly program: string;
  /** It stands behind `sudo`, which looks in more folders. */
  readonly isPrivileged: boolean;
}

export type ProgramsFound =
  | { readonly kind: 'looked'; readonly missing: readonly string[] }
  | { readonly kind: 'unseen'; readonly because: string };
