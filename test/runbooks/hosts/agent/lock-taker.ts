import { holdAlone } from '../../../../src/runbooks/hosts/agent/sole-holder.ts';

/* A process that tries to hold every lock whose path it is sent, and says whether it does. */

process.on('message', (path: string) => {
  holdAlone(path).then(
    () => process.send?.('holds it'),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.send?.('ready');
