import type { Socket } from 'node:net';

/**
 * Closes by RST. While an end is going out libuv refuses to, and node takes the handle for closing all the same: it never closes, and the
 * process turns in its exit for ever. So the end goes out first.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
