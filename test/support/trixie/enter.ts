import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RabbitmqPrograms } from '../../../sandbox/rabbitmq-programs.ts';

/** Where `share` is found inside. */
export const sharedInside = '/mnt';

/**
 * What to put before a command that is to run inside the system. The process that is started becomes the command, so
 * its pid is the command's. Network and `/tmp` are this machine's; what is mounted is seen by that process alone, so
 * that nothing stays mounted whatever way it ends.
 */
export function enter(root: string, share: string): readonly string[] {
  // Who is not root becomes it in a namespace of their own: files stay theirs, and so does the process.
  const namespace = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...namespace, '--mount', '/bin/sh', '-c', mountAndBecome, 'sh', root, share];
}

const mountAndBecome = `
set -eu
root=$1 share=$2
shift 2
for folder in proc dev tmp; do mount --rbind "/$folder" "$root/$folder"; done
mount --rbind "$share" "$root${sharedInside}"
PATH=/usr/sbin:/usr/bin
exec chroot "$root" "$@"
`;

/** Programs for a broker from inside: small ones in `folder` that enter and become the real ones. */
export function rabbitmqInside(root: string, folder: string): RabbitmqPrograms {
  mkdirSync(folder, { recursive: true });
  const program = (path: string): string => {
    const file = join(folder, path.split('/').at(-1) ?? '');
    const words = [...enter(root, folder), path].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    writeFileSync(file, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  };
  return {
    server: program('/usr/lib/rabbitmq/bin/rabbitmq-server'),
    ctl: program('/usr/lib/rabbitmq/bin/rabbitmqctl'),
    epmd: program('/usr/bin/epmd'),
  };
}
