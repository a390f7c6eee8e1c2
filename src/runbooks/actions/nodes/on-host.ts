import type { Outcome, Settled } from '../../action.ts';
import type { HostAnswer, HostOperation, HostRequest } from '../../hosts/common/host.ts';
import { listed } from '../../wording/words.ts';
import type { ClusterPorts } from '../common/ports.ts';

/** Which node, and for a join the node whose cluster it joins. */
export interface NodeSubject {
  readonly node: string;
  readonly peer?: string;
}

/** The request for a node's host; undefined when the configuration names no host for the node. */
export function onNodeHost(
  ports: ClusterPorts,
  operation: HostOperation,
  { node, peer }: NodeSubject,
): HostRequest | undefined {
  const host = ports.settings.nodes.find(({ name }) => name === node)?.host;
  if (host === undefined) {
    return undefined;
  }
  const isJoin = operation === 'node.join_cluster' && peer !== undefined;
  return { host, operation, args: { node, ...(isJoin && { peer }) } };
}

/** The exact command as people read it: elements with blanks or quotes are quoted, so that the boundaries are seen. */
export function commandLine(ports: ClusterPorts, request: HostRequest): string {
  const argv = ports.hosts.argvOf(request);
  return argv === undefined
    ? `(${request.host} has no command for ${request.operation})`
    : argv
        .map((element) => (/^[\w@%+=:,./{}-]+$/.test(element) ? element : JSON.stringify(element)))
        .join(' ');
}

/** Runs one operation and says what came of it. */
export async function runOnHost(
  ports: ClusterPorts,
  request: HostRequest,
  timeoutMs: number,
): Promise<Outcome> {
  return outcomeOf(request, await ports.hosts.run(request, { timeoutMs }));
}

export function outcomeOf(request: HostRequest, answer: HostAnswer): Outcome {
  switch (answer.kind) {
    case 'done':
      return { kind: 'applied', detail: `${request.operation} on ${request.host} succeeded` };
    case 'failed':
      return { kind: 'refused', because: failureText(request, answer) };
    case 'unknown':
      return { kind: 'unknown', because: answer.because };
    case 'not-started':
      return { kind: 'refused', because: `Nothing was started: ${answer.because}` };
  }
}

/** Record that the host itself keeps of an operation that was begun earlier. */
export async function recallOnHost(
  ports: ClusterPorts,
  request: HostRequest,
  timeoutMs: number,
): Promise<Settled> {
  const memory = await ports.hosts.recall?.(request, { timeoutMs });
  switch (memory?.kind) {
    case undefined:
      return { kind: 'unknown', because: `host ${request.host} has no record of it` };
    case 'unknown':
      return memory;
    case 'never':
      return { kind: 'not-done', because: memory.because };
    case 'answered': {
      const outcome = outcomeOf(request, memory.answer);
      switch (outcome.kind) {
        case 'applied':
          return { kind: 'done', because: `host ${request.host} has a record of it: ${outcome.detail}` };
        case 'refused':
          return { kind: 'not-done', because: outcome.because };
        case 'unknown':
          return outcome;
      }
    }
  }
}

/** Operations on one node's host, one after the other; the first that does not end well ends it. */
export async function runOneByOne(
  ports: ClusterPorts,
  operations: readonly HostOperation[],
  subject: NodeSubject,
  timeoutMs: number,
): Promise<Outcome> {
  const done: string[] = [];
  for (const operation of operations) {
    const request = onNodeHost(ports, operation, subject);
    if (request === undefined) {
      return { kind: 'refused', because: `no host is configured for ${subject.node}` };
    }
    const outcome = await runOnHost(ports, request, timeoutMs);
    if (outcome.kind !== 'applied') {
      return done.length === 0
        ? outcome
        : { ...outcome, because: `${outcome.because} (done before that: ${listed(done)})` };
    }
    done.push(operation);
  }
  return { kind: 'applied', detail: `${listed(done)} succeeded` };
}

export const failureText = (
  { operation, host }: HostRequest,
  { exitCode, output }: Extract<HostAnswer, { kind: 'failed' }>,
): string => `${operation} on ${host} failed with exit code ${exitCode}: ${lastLines(output)}`;

/** The end of an output, where commands say what went wrong. */
function lastLines(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' / ').slice(-400) || 'no output';
}
