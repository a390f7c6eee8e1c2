import {
  MessagingError,
  NoSuchMethod,
  PythonException,
  RemoteError,
  type RemoteFailure,
  reasonOf,
  UnsupportedVersion,
} from '../errors.ts';
import { isObject } from './envelope.ts';
import { parseJson, stringifyJson } from './json/tolerant-json.ts';
import { shown } from './shown.ts';

/** The module under which our own error classes travel: a Python caller sees a RemoteError with class and message. */
const ownModule = 'watership.rpc';
const dispatcherModule = 'oslo_messaging.rpc.dispatcher';

/** JavaScript's own errors and what they are called in Python. */
const builtins: Readonly<Record<string, string>> = {
  TypeError: 'TypeError',
  RangeError: 'ValueError',
  SyntaxError: 'ValueError',
  URIError: 'ValueError',
  ReferenceError: 'NameError',
};

/** Writes what an endpoint threw the way Python serialises an exception. Anything may be thrown; this never throws. */
export function writeFailure(thrown: unknown): RemoteFailure {
  try {
    return described(thrown);
  } catch {
    const message = reasonOf(thrown);
    return {
      class: 'Exception',
      module: 'builtins',
      message,
      tb: [`${message}\n`],
      args: [message],
      kwargs: {},
    };
  }
}

function described(thrown: unknown): RemoteFailure {
  const message = isPassedOn(thrown) ? thrown.value : reasonOf(thrown);
  const named = classOf(thrown);
  return {
    class: named.class,
    module: named.module,
    message,
    tb: thrown instanceof Error ? tracebackOf(thrown) : [`${message}\n`],
    args: primitive(named.args) ?? [message],
    kwargs: primitive(named.kwargs) ?? {},
  };
}

/** Reads a `failure` field: null, absent and empty text mean that nothing failed. */
export function readFailure(field: unknown): RemoteFailure | undefined {
  if (field === undefined || field === null || field === '') {
    return undefined;
  }
  const failure = typeof field === 'string' ? parsed(field) : field;
  if (!isObject(failure)) {
    return { ...unreadable, message: `The server sent a failure that cannot be read: ${shown(field)}` };
  }
  const { class: sentClass, module: sentModule, message, tb, args, kwargs } = failure;
  const { class: className, module } = withoutRemoteSuffix(
    text(sentClass) ?? unreadable.class,
    text(sentModule) ?? '',
  );
  return {
    class: className,
    module: module === 'exceptions' ? 'builtins' : module,
    message: text(message) ?? '',
    tb: list(tb).map((line) => shown(line)),
    args: list(args),
    kwargs: isObject(kwargs) ? kwargs : {},
  };
}

const unreadable: RemoteFailure = {
  class: 'Exception',
  module: '',
  message: '',
  tb: [],
  args: [],
  kwargs: {},
};

interface PythonName {
  readonly class: string;
  readonly module: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

function classOf(thrown: unknown): PythonName {
  if (thrown instanceof PythonException) {
    return { class: thrown.pythonClass, module: thrown.module, args: thrown.args, kwargs: thrown.kwargs };
  }
  if (thrown instanceof NoSuchMethod || thrown instanceof UnsupportedVersion) {
    return { class: thrown.name, module: dispatcherModule };
  }
  if (isPassedOn(thrown)) {
    return { class: thrown.excType, module: thrown.module, args: thrown.args, kwargs: thrown.kwargs };
  }
  if (thrown instanceof RemoteError) {
    return {
      class: 'RemoteError',
      module: 'oslo_messaging.rpc.client',
      args: [thrown.excType, thrown.value, thrown.traceback],
    };
  }
  if (thrown instanceof MessagingError) {
    return { class: thrown.name, module: ownModule };
  }
  if (!(thrown instanceof Error)) {
    return { class: 'Exception', module: 'builtins' };
  }
  const python = Object.hasOwn(builtins, thrown.name) ? builtins[thrown.name] : undefined;
  if (python !== undefined) {
    return { class: python, module: 'builtins' };
  }
  return {
    class: String(thrown.name === 'Error' ? thrown.constructor.name : thrown.name),
    module: ownModule,
  };
}

/** Python raises a remote ValueError as its own: from a server that calls another one, the caller gets a ValueError. */
function isPassedOn(thrown: unknown): thrown is RemoteError {
  return thrown instanceof RemoteError && thrown.module === 'builtins';
}

function tracebackOf(thrown: Error): string[] {
  return String(thrown.stack ?? thrown.message)
    .split('\n')
    .map((line) => `${line}\n`);
}

/** The value if it can be written as JSON at all. */
function primitive<Value>(value: Value | undefined): Value | undefined {
  if (value === undefined) {
    return undefined;
  }
  try {
    stringifyJson(value);
    return value;
  } catch {
    return undefined;
  }
}

/** Re-raised remote exceptions carry `_Remote` on both names; they are taken off together, or not at all. */
function withoutRemoteSuffix(className: string, module: string): { class: string; module: string } {
  const suffix = '_Remote';
  if (!className.endsWith(suffix) || !module.endsWith(suffix)) {
    return { class: className, module };
  }
  return { class: className.slice(0, -suffix.length), module: module.slice(0, -suffix.length) };
}

function parsed(field: string): unknown {
  try {
    return parseJson(field);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
