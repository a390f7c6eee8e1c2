import { Redis } from 'ioredis';
import { resumeRun } from '../../src/bot/jobs/run.ts';
import { createScene } from './scene.ts';

/*
 * A bot that is killed in the middle: it carries an approved run, does what it does, and never says so. Whoever started
 * it waits for the line on its output and kills it with -9.
 */
const [url = '', prefix = '', when = ''] = process.argv.slice(2);
const redis = new Redis(url);
const scene = createScene(redis, { prefix });
scene.house.execute = async (call) => {
  if (when === 'after') {
    await redis.incr(`${prefix}:done:${String(call.args['lamp'])}`);
  }
  process.stdout.write('begun\n');
  return await new Promise(() => {});
};
await resumeRun(scene.replica().context, 'RUN-0001', { pauseServed: true });
