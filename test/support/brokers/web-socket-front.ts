import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { onCleanup } from '../cleanup.js';

/** MQTT over WebSocket in front of a plain broker, with frames as the test wants them. */
export interface WebSocketFront extends AsyncDisposable {
  readonly url: string;
  /** Connections so far, refused ones included. */
  readonly attempts: number;
  /** The open ones. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** HTTP status with which the next handshakes are refused; undefined: none. */
  refuseWith: number | undefined;
  /** Bytes for the client are cut into frames of this size, each of two fragments; undefined: as they come. */
  frameBytes: number | undefined;
  close(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startWebSocketFront(broker: { readonly port: number }): Promise<WebSocketFront> {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => 'mqtt' });
  let attempts = 0;
  http.on('upgrade', (request, socket, head) => {
    attempts += 1;
    if (front.refuseWith !== undefined) {
      socket.end(`HTTP/1.1 ${front.refuseWith} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    server.handleUpgrade(request, socket, head, (client) => forward(client, broker.port, front));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const close = async () => {
    for (const client of server.clients) client.terminate();
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  };
  onCleanup(close);
  const front: WebSocketFront = {
    url: `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mqtt`,
    get attempts() {
      return attempts;
    },
    sockets: server.clients,
    refuseWith: undefined,
    frameBytes: undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
  return front;
}

function forward(client: WebSocket, port: number, front: WebSocketFront): void {
  const broker = connect({ port, host: '127.0.0.1', noDelay: true });
  client.on('message', (data: Buffer) => broker.write(data));
  client.on('error', () => broker.destroy());
  client.on('close', () => broker.destroy());
  broker.on('data', (bytes) => sendFrames(client, bytes, front.frameBytes));
  broker.on('error', () => client.terminate());
  broker.on('close', () => client.close());
}

function sendFrames(client: WebSocket, bytes: Buffer, frameBytes = bytes.length): void {
  for (let at = 0; at < bytes.length; at += frameBytes) {
    const frame = bytes.subarray(at, at + frameBytes);
    if (frameBytes === bytes.length) {
      client.send(frame);
      continue;
    }
    const half = Math.ceil(frame.length / 2);
    client.send(frame.subarray(0, half), { fin: false });
    client.send(frame.subarray(half), { fin: true });
  }
}
