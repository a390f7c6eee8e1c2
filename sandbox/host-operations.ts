import { appendFileSync } from 'node:fs';
import { messageOf, type Said } from './breaker.ts';
import type { Cluster } from './cluster.ts';
import type { RabbitmqNode } from './rabbitmq-node.ts';
import type { CtlAnswer } from './rabbitmqctl.ts';
import type { Service } from './services.ts';

/** What the bot's `local` host executor may ask of the sandbox, in place of systemctl and rabbitmqctl. */
export interface HostOperations {
  run(operation: string, args: OperationArguments): Promise<Said>;
}

export interface OperationArguments {
  readonly node?: string;
  readonly peer?: string;
  readonly service?: string;
  readonly pid?: number;
}

/** Operations by name. Each is added to `log`, so that a test can count what was really done. */
export function hostOperations(options: {
  readonly cluster: Cluster;
  readonly services: readonly Service[];
  readonly log: string;
}): HostOperations {
  return {
    async run(operation, args) {
      const startedAt = new Date().toISOString();
      const said = await carryOut(operation, args, options).catch((error: unknown) => ({
        ok: false,
        text: messageOf(error),
      }));
      const line = { startedAt, endedAt: new Date().toISOString(), operation, ...args, ...said };
      appendFileSync(options.log, `${JSON.stringify(line)}\n`);
      return said;
    },
  };
}

async function carryOut(
  operation: string,
  args: OperationArguments,
  { cluster, services }: { readonly cluster: Cluster; readonly services: readonly Service[] },
): Promise<Said> {
  const [kind, verb = ''] = operation.split('.');
  if (kind === 'node') {
    const node = cluster.node(args.node ?? '');
    if (node === undefined) {
      return { ok: false, text: `The sandbox has no node ${JSON.stringify(args.node)}` };
    }
    return onNode(verb, node, cluster, args.peer);
  }
  if (kind === 'service') {
    return onService(verb, services, args);
  }
  return { ok: false, text: `The sandbox does not know the operation ${JSON.stringify(operation)}` };
}

async function onNode(verb: string, node: RabbitmqNode, cluster: Cluster, peer?: string): Promise<Said> {
  const { name } = node.setup;
  switch (verb) {
    case 'stop':
      if (node.pid() === undefined) {
        return { ok: true, text: `${name} was stopped already` };
      }
      await node.stop();
      return { ok: true, text: `${name} is stopped` };
    case 'start':
      await node.start();
      return { ok: true, text: `${name} runs (pid ${node.pid()})` };
    case 'force_boot':
      return said(await node.forceBoot(), `${name} will start without waiting for its peers`);
    case 'stop_app':
    case 'start_app':
    case 'reset':
      return said(await node.ctl([verb]), `${verb} done on ${name}`);
    case 'join_cluster': {
      const other = cluster.node(peer ?? '');
      if (other === undefined) {
        return { ok: false, text: `The sandbox has no node ${JSON.stringify(peer)}` };
      }
      return said(await node.ctl(['join_cluster', other.setup.name]), `${name} joined ${other.setup.name}`);
    }
    case 'partition_handling': {
      const answer = await node.ctl(['eval', 'application:get_env(rabbit, cluster_partition_handling).']);
      return said({ ...answer, output: answer.output.replace(/^\{ok,(.*)\}$/, '$1') }, 'unknown');
    }
    default:
      return { ok: false, text: `The sandbox does not know the operation node.${verb}` };
  }
}

async function onService(
  verb: string,
  services: readonly Service[],
  { service: name, pid }: OperationArguments,
): Promise<Said> {
  const named = services.filter((service) => service.name === name);
  // A plan that names a process means that one: others of its kind are not touched in its stead.
  const chosen = pid === undefined ? named : named.filter((service) => service.pid() === pid);
  if (chosen.length === 0) {
    const which = pid === undefined ? '' : ` with the process ${pid}`;
    return { ok: false, text: `The sandbox has no service ${JSON.stringify(name)}${which}` };
  }
  switch (verb) {
    case 'restart': {
      const pids = await Promise.all(chosen.map((service) => service.restart()));
      await Promise.all(chosen.map((service) => service.ready()));
      return { ok: true, text: `${name} was restarted (pid ${pids.join(', ')})` };
    }
    case 'status':
      return { ok: true, text: `${name} runs (pid ${chosen.map((service) => service.pid()).join(', ')})` };
    default:
      return { ok: false, text: `The sandbox does not know the operation service.${verb}` };
  }
}

function said(answer: CtlAnswer, otherwise: string): Said {
  return { ok: answer.exitCode === 0, text: answer.output || otherwise };
}
