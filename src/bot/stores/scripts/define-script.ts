import type { Redis } from 'ioredis';

type Value = string | number;

/**
 * Lua script with its keys and arguments by name. It runs in Redis as one step that nobody can come between. The names stand once,
 * here: in the order in which Redis gets them, and as local variables of the script.
 */
export interface Script<Key extends string, Argument extends string> {
  readonly name: string;
  readonly lua: string;
  readonly keys: readonly Key[];
  readonly args: readonly Argument[];
}

/** What one run of a script is given. */
export interface ScriptCall<Key extends string, Argument extends string> {
  readonly keys: Readonly<Record<Key, string>>;
  readonly args: Readonly<Record<Argument, Value>>;
  /** Keys behind the named ones, for the script's `moreKeys`. @default none */
  readonly moreKeys?: readonly string[];
  /** Arguments behind the named ones, for the script's `moreArgs`. @default none */
  readonly moreArgs?: readonly Value[];
}

/**
 * Script out of its names and its body. The body finds each key and each argument under its name, and what comes behind them as the
 * lists `moreKeys` and `moreArgs`; `library` is Lua that comes before it, for functions that several scripts share.
 */
export function defineScript<const Key extends string, const Argument extends string = never>({
  name,
  keys,
  args,
  library = '',
  body,
}: {
  readonly name: string;
  readonly keys: readonly Key[];
  readonly args: readonly Argument[];
  readonly library?: string;
  readonly body: string;
}): Script<Key, Argument> {
  const lua = [
    library,
    locals(keys, 'KEYS'),
    locals(args, 'ARGV'),
    'local function behind(list, named)',
    '  local more = {}',
    '  for index = named + 1, #list do more[#more + 1] = list[index] end',
    '  return more',
    'end',
    `local moreKeys, moreArgs = behind(KEYS, ${keys.length}), behind(ARGV, ${args.length})`,
    body,
  ].join('\n');
  return { name: `watership:${name}`, lua, keys, args };
}

const locals = (names: readonly string[], list: 'KEYS' | 'ARGV'): string =>
  names.map((name, index) => `local ${name} = ${list}[${index + 1}]`).join('\n');

/**
 * Runs a script. A connection sends the text once, and its digest from then on; to a Redis that has forgotten the text ioredis sends it
 * again. That comes behind whatever was sent meanwhile, so nothing may be sent along that relies on the order (see `replicas.ts`).
 */
export async function runScript<Key extends string, Argument extends string>(
  redis: Redis,
  script: Script<Key, Argument>,
  { keys, args, moreKeys = [], moreArgs = [] }: ScriptCall<Key, Argument>,
): Promise<unknown> {
  const allKeys = [...script.keys.map((key) => keys[key]), ...moreKeys];
  const allArgs = [...script.args.map((arg) => args[arg]), ...moreArgs];
  return await commandOf(redis, script)(allKeys.length, ...allKeys, ...allArgs);
}

type Command = (keyCount: number, ...values: readonly Value[]) => Promise<unknown>;

/** Commands of a connection by their script: each is defined where it is first used. */
const defined = new WeakMap<Redis, Map<string, Command>>();

function commandOf(redis: Redis, { name, lua }: Script<string, string>): Command {
  const commands = defined.get(redis) ?? new Map<string, Command>();
  defined.set(redis, commands);
  const known = commands.get(name);
  if (known !== undefined) {
    return known;
  }
  redis.defineCommand(name, { lua });
  // ioredis puts a command on the connection under a name that its types do not know.
  const send: unknown = Reflect.get(redis, name);
  if (typeof send !== 'function') {
    throw new Error(`ioredis has not defined ${name}`);
  }
  const command: Command = async (...values) => await Reflect.apply(send, redis, values);
  commands.set(name, command);
  return command;
}
