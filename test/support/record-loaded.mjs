import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded with `--import` before a program: writes every module that the program loads into the file that LOADED_MODULES
 * names, one URL or path a line, and `whole` when the program has ended by itself. Node runs this file twice: in the program,
 * and beside it as a loader hook.
 */

const record = process.env.LOADED_MODULES ?? '/dev/null';

if (isMainThread) {
  register(import.meta.url);
  process.on('exit', () => {
    // What a CommonJS package requires by itself does not pass the hook.
    const required = Object.keys(createRequire(import.meta.url).cache);
    appendFileSync(record, `${[...required, 'whole'].join('\n')}\n`);
  });
}

export async function load(url, context, nextLoad) {
  appendFileSync(record, `${url}\n`);
  return await nextLoad(url, context);
}
