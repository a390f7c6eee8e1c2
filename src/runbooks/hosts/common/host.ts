/**
 * Operation on a host, by name. A preset maps each operation to an argv list, never to a shell string;
 * arguments are checked against a pattern before they are put in.
 */
export type HostOperation =
  | 'node.stop'
  | 'node.start'
  | 'node.restart'
  | 'node.force_boot'
  | 'node.stop_app'
  | 'node.start_app'
  | 'node.reset'
  | 'node.join_cluster'
  | 'node.partition_handling'
  | 'service.restart'
  | 'service.status'
  | 'host.facts'
  | 'file.read';

/** The line of the ledger that a request carries out. Absent for what only looks. */
export interface LedgerEntry {
  /** The same whichever bot carries the run, another one for each attempt. */
  readonly id: string;
  /** When it was written down as intended: an agent that was held up for long after that must not act any more. */
  readonly intendedAtMs: number;
}

export interface HostRequest {
  readonly host: string;
  readonly operation: HostOperation;
  /** Placeholders of the argv template: `node`, `peer`, `service`, `path`. */
  readonly args: Readonly<Record<string, string>>;
  readonly entry?: LedgerEntry;
}

export type HostAnswer =
  | { readonly kind: 'done'; readonly exitCode: 0; readonly output: string }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly output: string }
  /** It was started and did not end in time, or the connection to the host broke: only looking can tell. */
  | { readonly kind: 'unknown'; readonly because: string }
  /** It was never started: no such host, operation or program, or an argument that is not allowed. */
  | { readonly kind: 'not-started'; readonly because: string };

/** Record that the host itself keeps of a request that was sent earlier. */
export type HostMemory =
  | { readonly kind: 'answered'; readonly answer: HostAnswer }
  /** It never came, and would not be carried out if it came now. */
  | { readonly kind: 'never'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

export interface HostLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HostExecutor {
  /** The exact argv that `run` would use, for the plan; undefined when the host does not know the operation. */
  argvOf(request: HostRequest): readonly string[] | undefined;
  run(request: HostRequest, limits: HostLimits): Promise<HostAnswer>;
  /** What became of a request, by its ledger entry; only looks. Absent where no host keeps a journal. */
  recall?(request: HostRequest, limits: HostLimits): Promise<HostMemory>;
}
