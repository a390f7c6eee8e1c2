import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

/** Guard of the `unit` tests: what starts a process waits for it, and belongs to the `service` tests, which wait side by side. */
const refuse = (): never => {
  throw new Error('A unit test starts no process. Name its file *.service.test.ts.');
};

Object.assign(childProcess, {
  spawn: refuse,
  spawnSync: refuse,
  exec: refuse,
  execSync: refuse,
  execFile: refuse,
  execFileSync: refuse,
  fork: refuse,
});
// Also for those who import the functions by their names.
syncBuiltinESMExports();
