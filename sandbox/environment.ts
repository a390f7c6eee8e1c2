/** The only file of the sandbox that reads the environment. */

/** What every child gets of our environment; a stray `RABBITMQ_*` or `NODE_OPTIONS` of the user must not reach it. */
export const inheritedEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  ['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'TERM'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

const { WATERSHIP_SANDBOX_DIR } = process.env;

/** Another place for `.sandbox/`, so that several sandboxes can run at once. */
export const folderFromEnvironment: string | undefined = WATERSHIP_SANDBOX_DIR;
