import type { Console } from '../common/console.ts';
import { printValue, type RequestOptions, withRequest } from './rpc-request.ts';

/** `watership cast <topic> <method>`: sends a request that nobody answers. */
export const castCommand = (
  console: Console,
  options: RequestOptions,
  words: readonly string[],
): Promise<number> =>
  withRequest(console, options, words, async ({ client, context, method, args }) => {
    await client.cast(context, method, args);
    if (options.json === true) {
      printValue(console, { ok: true });
    } else {
      console.out('The broker accepted the request. A cast gets no answer.\n');
    }
  });
