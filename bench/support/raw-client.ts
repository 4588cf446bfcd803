import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectBytes, PacketWalker } from './wire.js';

/** A socket that has said CONNECT and whose later packets go to `onPacket`; `onChunk` follows the packets of each read. */
export interface RawClient {
  readonly socket: Socket;
  onPacket: (first: number, buffer: Buffer, start: number, end: number) => void;
  onChunk: () => void;
  /** The next packet with this first byte. */
  answer(first: number): Promise<void>;
}

/** Connects and waits for CONNACK. */
export async function connectRaw(url: string, clientId: string, keepSession = false): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const walker = new PacketWalker();
  const waiting = new Map<number, () => void>();
  const client: RawClient = {
    socket,
    onPacket: () => {},
    onChunk: () => {},
    answer: (first) => new Promise((resolve) => waiting.set(first, resolve)),
  };
  socket.on('data', (chunk: Buffer) => {
    walker.push(chunk, (first, buffer, start, end) => {
      client.onPacket(first, buffer, start, end);
      if (waiting.size === 0) return;
      waiting.get(first)?.();
      waiting.delete(first);
    });
    client.onChunk();
  });
  const connack = client.answer(0x20);
  socket.write(connectBytes(clientId, keepSession));
  await connack;
  return client;
}
