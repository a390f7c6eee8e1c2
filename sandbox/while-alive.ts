import type { Child } from './supervisor.ts';

/** Waits for what a program becomes ready by; throws with the end of its log when it ends before that. */
export const whileAlive = <T>({ ended }: Pick<Child, 'ended'>, ready: Promise<T>): Promise<T> =>
  Promise.race([
    ready,
    ended.then((how) => {
      throw new Error(how);
    }),
  ]);
