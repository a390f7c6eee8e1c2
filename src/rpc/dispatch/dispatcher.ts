import { NoSuchMethod, PythonException, UnsupportedVersion } from '../errors.ts';
import { isObject } from '../wire/envelope.ts';
import type { IncomingRequest } from '../wire/request.ts';
import { noOpSerializer, type Serializer } from '../wire/serializer.ts';
import { shown } from '../wire/shown.ts';
import { Target } from '../wire/target.ts';
import { isVersionCompatible } from '../wire/version.ts';

/** What a method of an endpoint is called with. */
export type EndpointMethod = (
  context: Readonly<Record<string, unknown>>,
  args: Readonly<Record<string, unknown>>,
) => unknown;

/**
 * An object whose own methods, or whose class's methods, serve calls: `(context, args) => result`. Its `target`
 * gives the namespace and version it serves; without one that is no namespace and version 1.0.
 */
export type Endpoint = object;

/** An endpoint that is written as a literal: the parameters of its methods have types without writing them. */
export interface EndpointLiteral {
  readonly target?: Target;
  readonly [method: string]: EndpointMethod | Target | undefined;
}

/**
 * Which methods may be called: `default` those whose names do not begin with `_`, `legacy` all,
 * `explicit` those marked with `expose`.
 */
export type AccessPolicy = 'default' | 'legacy' | 'explicit';

const exposed = new WeakSet<object>();

/**
 * Method that may be called under the access policy `explicit`.
 * @example const endpoint = { echo: expose((context, args) => args) }
 */
export function expose<Method extends (...args: never[]) => unknown>(method: Method): Method {
  exposed.add(method);
  return method;
}

/** How requests find their method. */
export interface DispatcherOptions {
  /** @default 'default' */
  readonly accessPolicy?: AccessPolicy;
  /** @default noOpSerializer */
  readonly serializer?: Serializer;
}

/** What decides which method a request runs, and with what. */
export type DispatchedRequest = Pick<
  IncomingRequest,
  'method' | 'args' | 'namespace' | 'version' | 'context'
>;

/** Runs the method of a request and returns its result. Every failure is thrown. */
export interface Dispatches {
  dispatch(request: DispatchedRequest): Promise<unknown>;
}

/** Finds the method for a request among the endpoints, in order, and runs it. Every failure is thrown. */
export class Dispatcher implements Dispatches {
  readonly #endpoints: readonly Endpoint[];
  readonly #policy: AccessPolicy;
  readonly #serializer: Serializer;

  constructor(endpoints: readonly Endpoint[], options: DispatcherOptions = {}) {
    for (const endpoint of endpoints) {
      const target: unknown = Reflect.get(endpoint, 'target');
      if (target !== undefined && !(target instanceof Target)) {
        throw new TypeError("An endpoint's target must be a Target: write target = new Target({ … }).");
      }
    }
    this.#endpoints = endpoints;
    this.#policy = options.accessPolicy ?? 'default';
    this.#serializer = options.serializer ?? noOpSerializer;
  }

  /** Runs the method of a request and returns its result. */
  async dispatch(request: DispatchedRequest): Promise<unknown> {
    const method = shown(request.method);
    const member = this.#find(request, method);
    if (typeof member !== 'function') {
      throw new PythonException('TypeError', `'${pythonTypeOf(member)}' object is not callable`);
    }
    const context = this.#serializer.deserializeContext(request.context);
    const args = this.#argumentsOf(context, request.args);
    return this.#serializer.serializeEntity(context, await member(context, args));
  }

  #find(request: DispatchedRequest, method: string): unknown {
    const { version, namespace } = request;
    if (typeof version !== 'string' && version !== null) {
      throw new PythonException(
        'AttributeError',
        `'${pythonTypeOf(version)}' object has no attribute 'split'`,
      );
    }
    let isServed = false;
    for (const endpoint of this.#endpoints) {
      const target: unknown = Reflect.get(endpoint, 'target');
      const served = target instanceof Target ? target : unaddressed;
      if (!servesNamespace(served, namespace)) {
        continue;
      }
      if (!isVersionCompatible(served.version ?? '1.0', version)) {
        continue;
      }
      isServed = true;
      const found = memberOf(endpoint, method);
      if (found && this.#isAllowed(method, found.member)) {
        return bound(found.member, endpoint);
      }
    }
    if (isServed) {
      throw new NoSuchMethod(method);
    }
    throw new UnsupportedVersion(version ?? 'None', method);
  }

  #isAllowed(method: string, member: unknown): boolean {
    switch (this.#policy) {
      case 'default':
        return !method.startsWith('_');
      case 'legacy':
        return true;
      case 'explicit':
        return typeof member === 'function' && exposed.has(member);
    }
  }

  #argumentsOf(context: Readonly<Record<string, unknown>>, args: unknown): Record<string, unknown> {
    if (!isObject(args)) {
      throw new PythonException('AttributeError', `'${pythonTypeOf(args)}' object has no attribute 'items'`);
    }
    if (this.#serializer === noOpSerializer) {
      return args;
    }
    const entries = Object.entries(args);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, this.#serializer.deserializeEntity(context, value)]),
    );
  }
}

const unaddressed = new Target({});

function servesNamespace(served: Target, namespace: unknown): boolean {
  if (namespace === (served.namespace ?? null)) {
    return true;
  }
  return typeof namespace === 'string' && (served.legacyNamespaces ?? []).includes(namespace);
}

/** A member of an endpoint or of its classes, never one that every object has. */
function memberOf(endpoint: Endpoint, name: string): { readonly member: unknown } | undefined {
  if (name === 'constructor' || name === '__proto__') {
    return undefined;
  }
  for (
    let holder: unknown = endpoint;
    typeof holder === 'object' &&
    holder !== null &&
    holder !== Object.prototype &&
    holder !== Array.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    if (Object.hasOwn(holder, name)) {
      return { member: Reflect.get(holder, name, endpoint) };
    }
  }
  return undefined;
}

/** Methods keep their `this`. */
function bound(member: unknown, endpoint: Endpoint): unknown {
  return typeof member === 'function'
    ? (...args: unknown[]) => Reflect.apply(member, endpoint, args)
    : member;
}

/** What Python calls the type of a value, for its error messages. */
function pythonTypeOf(value: unknown): string {
  if (value === null || value === undefined) {
    return 'NoneType';
  }
  if (Array.isArray(value)) {
    return 'list';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'int' : 'float';
  }
  if (typeof value === 'object') {
    return value instanceof Target ? 'Target' : 'dict';
  }
  return pythonTypes.get(typeof value) ?? typeof value;
}

const pythonTypes: ReadonlyMap<string, string> = new Map([
  ['string', 'str'],
  ['boolean', 'bool'],
  ['bigint', 'int'],
]);
