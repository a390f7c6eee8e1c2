import type { Socket } from 'node:net';
import { span } from '../wording/span.ts';

const ticksPerTimeout = 4;
const silentTicks = 6;

/**
 * Cuts a connection whose peer has sent nothing for one and a half times the heartbeat timeout; the broker sends
 * something twice in each. Ticks are counted, not seconds: after this process itself was busy for minutes, what
 * came meanwhile is read before the next tick. Returns how to stop. 0 is never.
 */
export function cutWhenSilent(socket: Socket, timeoutSeconds: number): () => void {
  if (timeoutSeconds <= 0) {
    return () => {};
  }
  let bytes = socket.bytesRead;
  let ticks = 0;
  const tick = () => {
    ticks = socket.bytesRead === bytes ? ticks + 1 : 0;
    bytes = socket.bytesRead;
    if (ticks < silentTicks) {
      return;
    }
    clearInterval(timer);
    const silentMs = (timeoutSeconds * 1000 * silentTicks) / ticksPerTimeout;
    socket.destroy(new Error(`the broker has sent nothing for ${span(silentMs)}`));
  };
  const timer = setInterval(tick, (timeoutSeconds * 1000) / ticksPerTimeout);
  return () => clearInterval(timer);
}
