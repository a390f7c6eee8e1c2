import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where a module of endpoints is: a URL, or an absolute path. */
export type EndpointModule = string | URL;

/** The URLs of modules. Throws TypeError for what is no URL and no absolute path. */
export function moduleUrlsOf(modules: readonly unknown[]): readonly string[] {
  if (modules.length === 0) {
    throw new TypeError('The executor threading needs the URL of a module of endpoints.');
  }
  return modules.map((module) => {
    if (module instanceof URL) {
      return module.href;
    }
    if (typeof module === 'string' && isAbsolute(module)) {
      return pathToFileURL(module).href;
    }
    if (typeof module === 'string' && URL.canParse(module)) {
      return module;
    }
    throw new TypeError(
      "The executor threading takes modules, not endpoints: give new URL('./endpoints.js', import.meta.url).",
    );
  });
}
