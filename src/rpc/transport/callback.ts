import { reasonOf } from '../errors.ts';

/** Calls what the application gave. It throws in the middle of the library's work: that is a warning, and ends nothing. */
export function callBack(what: string, call: () => void): void {
  try {
    call();
  } catch (thrown) {
    process.emitWarning(`${what} threw: ${reasonOf(thrown)}`);
  }
}
