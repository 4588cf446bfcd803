import { connect, type Socket } from 'node:net';
import { type Child, startChild } from '../child-process.js';

/** A port of 127.0.0.1 that leads to another one, and with which a TCP handshake takes long. */
export interface SlowPort extends AsyncDisposable {
  readonly port: number;
  /** From now on handshakes come to their end, the waiting ones when their SYN is sent again. */
  answer(): void;
}

const FORWARDER = (to: number): string => `
  const { connect, createServer } = require('node:net');
  const server = createServer((near) => {
    const far = connect(${to}, '127.0.0.1');
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('PORT ' + server.address().port));
`;

/** How long a handshake on this machine may take that comes to its end. */
const QUICK_MS = 300;

/** Stops the process that listens and fills its queue: what the kernel then drops is sent again after a second. */
export async function startSlowPort(to: number): Promise<SlowPort> {
  const child = startChild(process.execPath, ['-e', FORWARDER(to)]);
  const port = Number((await child.waitForLine(/^PORT \d+$/)).slice(5));
  child.signal('SIGSTOP');
  const fillers: Socket[] = [];
  do fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
  while (await connects(fillers.at(-1)));
  return {
    port,
    answer: () => release(child, fillers),
    [Symbol.asyncDispose]: async () => {
      release(child, fillers);
      await child.end('SIGKILL');
    },
  };
}

function connects(socket: Socket | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    // where this process itself stood still, the handshake has come to its end meanwhile: that is heard before what is set here
    const timer = setTimeout(() => setImmediate(() => resolve(false)), QUICK_MS);
    socket?.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function release(child: Child, fillers: readonly Socket[]): void {
  for (const filler of fillers) filler.destroy();
  child.signal('SIGCONT');
}
