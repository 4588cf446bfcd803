import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { onCleanup } from '../cleanup.js';

/** An embedded broker on 127.0.0.1: quick to start, in this process, MQTT 3.1.1 only. */
export interface AedesBroker extends AsyncDisposable {
  /** For events and hooks. */
  readonly aedes: Aedes;
  readonly host: string;
  readonly port: number;
  /** `mqtt://127.0.0.1:port`, or `ws://…` with `webSocket`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Options of the broker itself, and the transport. */
export interface AedesBrokerOptions {
  readonly aedes?: AedesOptions;
  /** Default false: TCP. */
  readonly webSocket?: boolean;
  /** Default: a free one. */
  readonly port?: number;
}

const IDS_APART = 2_500;

/** Starts an embedded broker. */
export async function startAedes(options: AedesBrokerOptions = {}): Promise<AedesBroker> {
  const aedes = await Aedes.createBroker({ preConnect: apartPacketIds(), ...options.aedes });
  const server: Server = options.webSocket === true ? webSocketServer(aedes) : createServer(aedes.handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopBroker(aedes, server);
    return stopped;
  };
  onCleanup(stop);
  return {
    aedes,
    host: '127.0.0.1',
    port,
    url: `${options.webSocket === true ? 'ws' : 'mqtt'}://127.0.0.1:${port}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * aedes 1.2 begins at a random packet id on each connection, which may be one that a message of the same session still has
 * [MQTT-2.2.1-4]. Here each connection begins so far behind the last one that they do not meet.
 */
function apartPacketIds(): NonNullable<AedesOptions['preConnect']> {
  let first = 1;
  return (client, _packet, done) => {
    Object.assign(client, { _nextId: first });
    first = (first + IDS_APART) % 65_000;
    done(null, true);
  };
}

async function stopBroker(aedes: Aedes, server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => aedes.close(resolve));
  await closed;
}

function webSocketServer(aedes: Aedes): Server {
  const server = createHttpServer();
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (protocols) => (protocols.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('connection', (socket, request) => aedes.handle(createWebSocketStream(socket), request));
  server.on('close', () => sockets.close());
  return server;
}
