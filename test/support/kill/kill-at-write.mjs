/*
 * Loaded into a process before its program: kills it at its n-th write to a TCP socket. What was handed to the kernel before
 * still reaches the other side; what was not does not exist. KILL_AT_WRITE: which write, from 1. KILL_AT_MOMENT: before, half
 * (the first half of its bytes is written) or after.
 */
import { Socket } from 'node:net';

const nth = Number(process.env.KILL_AT_WRITE);
const moment = process.env.KILL_AT_MOMENT;
const { _write, _writev } = Socket.prototype;
let writes = 0;

/** SIGKILL to oneself comes before the system call returns. */
function die() {
  process.kill(process.pid, 'SIGKILL');
}

function isTarget(socket) {
  // stdout and stderr are sockets too when they are pipes.
  if (socket.remoteAddress === undefined) return false;
  writes += 1;
  return writes === nth;
}

function writeLast(socket, bytes) {
  if (moment === 'before') die();
  const part = moment === 'half' ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes;
  // libuv writes at once what the kernel has room for.
  _write.call(socket, part, 'buffer', () => die());
  die();
}

Socket.prototype._write = function (chunk, encoding, callback) {
  if (isTarget(this)) writeLast(this, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
  _write.call(this, chunk, encoding, callback);
};

Socket.prototype._writev = function (chunks, callback) {
  if (isTarget(this)) {
    const parts = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    );
    writeLast(this, Buffer.concat(parts));
  }
  _writev.call(this, chunks, callback);
};
