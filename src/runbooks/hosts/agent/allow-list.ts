import { fill, refusalOf } from '../common/arguments.ts';
import type { OperationTemplates } from '../common/presets.ts';
import type { AgentOperation, AgentRequest, RefusalCode } from './protocol.ts';

/** What an agent may do. Empty lists mean: nothing. */
export interface AllowList {
  /** Services that may be restarted, and looked at. */
  readonly restart: readonly string[];
  /** Services that may only be looked at. */
  readonly status: readonly string[];
  /** Files that may be read: whole paths. */
  readonly read: readonly string[];
}

/** What a request comes to on this host. */
export type AgentOrder =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'facts' }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly because: string };

/** Maps a request to the host's own command, if it is allowed and is the command that people approved. */
export function agentOrderOf(
  operation: AgentOperation,
  { args: given, argv: approved }: Pick<AgentRequest, 'args' | 'argv'>,
  host: { readonly name: string; readonly allow: AllowList; readonly commands: OperationTemplates },
): AgentOrder {
  const args = { ...given, host: host.name };
  const refusal = refusalOf(operation, args);
  if (refusal !== undefined) {
    return refuse('not-allowed', refusal);
  }
  switch (operation) {
    case 'host.facts':
      return { kind: 'facts' };
    case 'file.read':
      return given['path'] !== undefined && host.allow.read.includes(given['path'])
        ? { kind: 'file', path: given['path'] }
        : refuse('not-allowed', `${given['path']} is not in allow.read of its agent.yaml`);
    case 'service.restart':
    case 'service.status': {
      const { restart, status } = host.allow;
      const list = operation === 'service.restart' ? restart : [...restart, ...status];
      const service = given['service'] ?? '';
      if (!list.includes(service)) {
        const where = operation === 'service.restart' ? 'allow.restart' : 'allow.status';
        return refuse('not-allowed', `${service} is not in ${where} of its agent.yaml`);
      }
      const template = host.commands[operation];
      const argv = template && fill(template, args);
      if (argv === undefined) {
        return refuse('not-allowed', `the agent has no command for ${operation}`);
      }
      return isSame(argv, approved)
        ? { kind: 'command', argv }
        : refuse(
            'other-command',
            `its command is ${JSON.stringify(argv)}, but the request names ${JSON.stringify(approved ?? [])}; ` +
              'use the same preset and operations in both configurations',
          );
    }
  }
}

const isSame = (one: readonly string[], other: readonly string[] | undefined): boolean =>
  one.length === other?.length && one.every((word, index) => word === other[index]);

const refuse = (code: RefusalCode, because: string): AgentOrder => ({ kind: 'refused', code, because });
