import type { HostOperation } from './host.ts';

/** What an argument may look like. None can begin with a dash, and none holds a character that a shell would read. */
const patterns = {
  node: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}@[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
  peer: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}@[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
  // On Kubernetes with its kind, `deployment/nova-api`: no other slash.
  service: /^(?:(?:deployment|daemonset|statefulset)\/)?[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,127}$/,
  pid: /^[1-9][0-9]{0,9}$/,
  host: /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}$/,
  pod: /^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$/,
  namespace: /^[a-z0-9][a-z0-9-]{0,62}$/,
  // Absolute, and no step up: `..` may not be a part of it.
  path: /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.@+-]+){1,32}$/,
} as const satisfies Readonly<Record<string, RegExp>>;

type ArgumentName = keyof typeof patterns;

/** Whether a value may be used as that argument. */
export const isArgument = (name: ArgumentName, value: string): boolean => patterns[name].test(value);

/** `pid` and what follows from the host and the node is never required: a template uses them if it can. */
const required: Readonly<Record<HostOperation, readonly ArgumentName[]>> = {
  'node.stop': ['node'],
  'node.start': ['node'],
  'node.restart': ['node'],
  'node.force_boot': ['node'],
  'node.stop_app': ['node'],
  'node.start_app': ['node'],
  'node.reset': ['node'],
  'node.join_cluster': ['node', 'peer'],
  'node.partition_handling': ['node'],
  'service.restart': ['service'],
  'service.status': ['service'],
  'host.facts': [],
  'file.read': ['path'],
};

/** Reason why the arguments may not be used; undefined when they may. */
export function refusalOf(
  operation: HostOperation,
  args: Readonly<Record<string, string>>,
): string | undefined {
  const missing = required[operation].find((name) => !Object.hasOwn(args, name));
  if (missing !== undefined) {
    return `${operation} needs the argument ${missing}`;
  }
  for (const [name, value] of Object.entries(args)) {
    if (!isArgumentName(name)) {
      return `${operation} has no argument ${JSON.stringify(name)}`;
    }
    if (!isArgument(name, value)) {
      return `${JSON.stringify(value)} is not allowed as ${name}`;
    }
  }
  return undefined;
}

/**
 * Fills a template in. An element that is only the placeholder of an argument left out is dropped; undefined when such
 * a placeholder stands inside a longer element, because half an element would mean something else.
 */
export function fill(
  template: readonly string[],
  args: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  const argv: string[] = [];
  for (const element of template) {
    const names = [...element.matchAll(placeholder)].map(([, name]) => name ?? '');
    const isWhole = names.every((name) => Object.hasOwn(args, name));
    if (isWhole) {
      argv.push(element.replace(placeholder, (_, name: string) => args[name] ?? ''));
    } else if (element !== `{${names[0]}}`) {
      return undefined;
    }
  }
  return argv.length === 0 ? undefined : argv;
}

const placeholder = /\{(node|peer|service|pid|path|host|pod|namespace)\}/g;

const isArgumentName = (name: string): name is ArgumentName => Object.hasOwn(patterns, name);
