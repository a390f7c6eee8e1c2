// Makes Debian 13 ahead of the tests that run in it.
import { makeTrixie } from './make.ts';

console.log(await makeTrixie());
