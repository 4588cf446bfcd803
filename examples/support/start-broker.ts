import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** A small broker in this process, so that every example runs on its own. It speaks MQTT 3.1.1. */
export interface ExampleBroker extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** As if some device had published it. Default QoS 1. */
  publish(topic: string, payload: string, options?: { qos?: 0 | 1 | 2; retain?: boolean }): Promise<void>;
  /** Ends all connections, as a broken network would. */
  cutConnections(): void;
}

export async function startBroker(): Promise<ExampleBroker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    publish: (topic, payload, { qos = 1, retain = false } = {}) =>
      new Promise((resolve, reject) => {
        const packet = { cmd: 'publish' as const, topic, payload, qos, retain, dup: false };
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
    cutConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
