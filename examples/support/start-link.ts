import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way to a broker, which can be cut for a while. */
export interface ExampleLink extends AsyncDisposable {
  readonly url: string;
  /** Ends all connections, and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
}

export async function startLink(brokerUrl: string): Promise<ExampleLink> {
  const { hostname, port } = new URL(brokerUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    cut,
    mend: () => {
      whole = true;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
    },
  };
}
