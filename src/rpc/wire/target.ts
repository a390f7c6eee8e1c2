import { InvalidTarget } from '../errors.ts';

/** Who a message is for. Every field is optional; `with` overrides some of them. */
export interface TargetFields {
  /** The topic exchange. @default the transport's control exchange */
  readonly exchange?: string;
  readonly topic?: string;
  /** One server of the topic, usually a host's name. */
  readonly server?: string;
  /** Every server of the topic. Only for casts. */
  readonly fanout?: boolean;
  readonly namespace?: string;
  /** The version asked for (client) or served (endpoint). */
  readonly version?: string;
  /** Further namespaces an endpoint answers to. */
  readonly legacyNamespaces?: readonly string[];
}

const fieldNames: ReadonlySet<string> = new Set<keyof TargetFields>([
  'exchange',
  'topic',
  'server',
  'fanout',
  'namespace',
  'version',
  'legacyNamespaces',
]);

/** Address of an RPC, and on an endpoint the namespace and version it serves. */
export class Target implements TargetFields {
  declare readonly exchange?: string;
  declare readonly topic?: string;
  declare readonly server?: string;
  declare readonly fanout?: boolean;
  declare readonly namespace?: string;
  declare readonly version?: string;
  declare readonly legacyNamespaces?: readonly string[];

  /** Throws InvalidTarget for a field that no target has. */
  constructor(fields: TargetFields) {
    for (const name of Object.keys(fields)) {
      if (!fieldNames.has(name)) {
        throw new InvalidTarget(`A target has no ${name}. It has: ${[...fieldNames].join(', ')}.`);
      }
    }
    Object.assign(this, fields);
  }

  /** A copy with some fields replaced. As in oslo the legacy namespaces are not carried over. */
  with(fields: TargetFields): Target {
    const { legacyNamespaces: _dropped, ...kept } = this;
    return new Target({ ...kept, ...fields });
  }
}

/** Throws InvalidTarget for what only looks like a target. */
export function checkTarget(target: unknown): asserts target is Target {
  if (!(target instanceof Target)) {
    throw new InvalidTarget('A target is made with new Target({ … }); this is something else.');
  }
}

/** The topic of a target, or an error that says it is missing. */
export function topicOf(target: TargetFields): string {
  if (target.topic === undefined || target.topic === '') {
    throw new InvalidTarget('The target has no topic. Give one: new Target({ topic: … }).');
  }
  return target.topic;
}

/** The queue and routing key of a target: `topic`, or `topic.server`. */
export function routingKeyOf(target: TargetFields): string {
  const topic = topicOf(target);
  return target.server === undefined ? topic : `${topic}.${target.server}`;
}
