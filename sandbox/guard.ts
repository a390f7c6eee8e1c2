import { killListed } from './pid-list.ts';

// Started beside the sandbox with a pipe between them. When the sandbox ends in whatever way, kill -9 included, the
// pipe closes; then whatever it had started and not yet ended is ended here.
const [pidList] = process.argv.slice(2);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
process.stdin.resume();
process.stdin.on('error', () => undefined);
process.stdin.on('close', () => {
  if (pidList === undefined) {
    process.exit(2);
  }
  void killListed(pidList).then(() => process.exit(0));
});
