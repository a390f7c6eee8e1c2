import { stringifyJson } from '../../../rpc/index.ts';
import { type Console, printable } from '../common/console.ts';
import { printValue, type RequestOptions, withRequest } from './rpc-request.ts';

/** `watership call <topic> <method>`: calls a service and prints what it answers. */
export async function callCommand(
  console: Console,
  options: RequestOptions,
  words: readonly string[],
): Promise<number> {
  if (options.fanout === true) {
    throw new Error(
      '--fanout: expected none with call, because only one server answers a call. Use cast, or leave it out.',
    );
  }
  return await withRequest(console, options, words, async ({ client, context, method, args }) => {
    const startedMs = performance.now();
    const result = await client.call(context, method, args);
    const tookMs = Math.round(performance.now() - startedMs);
    if (options.json === true) {
      printValue(console, { ok: true, tookMs, result });
    } else {
      console.out(printable(`${stringifyJson(result)}\n`));
    }
  });
}
