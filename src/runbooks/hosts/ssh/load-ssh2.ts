import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * The library, loaded when a host or a key is first looked at: a process that has no host behind SSH does not wait for it. It
 * is loaded in one go, because a key of the configuration is checked where nothing can be awaited.
 */
export const loadSsh2 = (): typeof import('ssh2') => require('ssh2');
