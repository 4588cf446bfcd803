import type { Socket } from 'node:net';
import { deferred } from '../../../internal/deferred.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import type { Transport, TransportEnd, TransportListener } from './transport.js';
import { closedByPeerError, lostError } from './transport-error.js';

/** A Transport over a connected TCP or TLS socket. */
export class StreamTransport implements Transport {
  readonly #socket: Socket;
  readonly #address: ServerAddress;
  #listener: TransportListener | undefined;
  #end: TransportEnd | undefined;
  #closing = false;
  #progressAt = 0;

  constructor(socket: Socket, address: ServerAddress) {
    this.#socket = socket;
    this.#address = address;
    // heard from the first turn on: the end may come before `start`
    socket.on('end', () => this.#finish({ how: 'fin', error: closedByPeerError(address) }));
    socket.on('error', (error) => this.#finish(this.#endOf(error)));
    // without one of the others before it nobody has closed in order
    socket.on('close', () => this.#finish({ how: 'reset', error: closedByPeerError(address) }));
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    if (this.#end !== undefined) {
      listener.onEnd(this.#end);
      return;
    }
    this.#socket.on('drain', () => this.#listener?.onDrain());
    // last, for it makes the socket flow
    this.#socket.on('data', (bytes: Uint8Array) => this.#listener?.onData(bytes));
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#end !== undefined || this.#closing) return;
    if (this.#socket.writableLength === 0) this.#progressAt = performance.now();
    // a corked socket takes a slower way, which only pays for several chunks
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk, this.#onTaken);
    if (chunks.length > 1) this.#socket.uncork();
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get progressAt(): number {
    return this.#progressAt;
  }

  setReading(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.#closing = true;
    this.#listener = undefined;
    const done = deferred<void>();
    const timer = setTimeout(() => this.#socket.destroy(), timeoutMs);
    this.#socket.once('close', () => done.resolve());
    // unread bytes in the receive buffer would turn our FIN into an RST that eats the DISCONNECT
    this.#socket.resume();
    this.#socket.end();
    await done.promise;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#listener = undefined;
    this.#finish({ how: 'local', error: closedByPeerError(this.#address) });
  }

  readonly #onTaken = (): void => {
    this.#progressAt = performance.now();
  };

  /** TLS 1.3 refuses a certificate of ours when the connection is open already: that is no fault of the network. */
  #endOf(error: Error): TransportEnd {
    const mapped = lostError(error, this.#address);
    return { how: mapped.code === 'CONNECTION_LOST' ? 'reset' : 'refused', error: mapped };
  }

  #finish(end: TransportEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    // after a graceful end() the socket closes by itself once everything has left
    if (!this.#closing) this.#socket.destroy();
    this.#listener?.onEnd(end);
  }
}
