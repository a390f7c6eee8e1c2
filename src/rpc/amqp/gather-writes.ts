import type { Socket } from 'node:net';

/**
 * Lets everything that is written in one turn of the event loop go out in one system call. amqplib writes each frame
 * by itself; with many calls at a time that was a third of all the work. Nothing waits longer for it.
 */
export function gatherWrites(socket: Socket): void {
  const write: typeof socket.write = socket.write.bind(socket);
  let isGathering = false;
  const gathered = (...given: Parameters<typeof write>): boolean => {
    if (!isGathering) {
      isGathering = true;
      socket.cork();
      process.nextTick(() => {
        isGathering = false;
        socket.uncork();
      });
    }
    return write(...given);
  };
  Reflect.set(socket, 'write', gathered);
}
