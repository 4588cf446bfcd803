import type WebSocket from 'ws';
import { MillraceError } from '../errors/millrace-error.js';
import { deferred } from '../internal/deferred.js';
import type { ServerAddress } from './connection-options.js';
import { formatAddress } from './format-address.js';
import type { Transport, TransportEnd, TransportListener } from './transport.js';
import { closedByPeerError, lostError } from './transport-error.js';

/** WebSocket close code: data of a type that cannot be accepted [RFC 6455, 7.4.1]. */
const UNSUPPORTED_DATA = 1003;
/** WebSocket close codes: an orderly end, and a close frame without a code. */
const ORDERLY = new Set([1000, 1005]);
/** WebSocket close code that means "the peer vanished without a close frame". */
const ABNORMAL = 1006;

/** A Transport over an open WebSocket. Frames are not packets: only the stream of their bytes counts [MQTT-6.0.0-2]. */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #address: ServerAddress;
  /** What arrives before `start`. */
  readonly #early: Uint8Array[] = [];
  #listener: TransportListener | undefined;
  #end: TransportEnd | undefined;
  #closing = false;
  #progressAt = 0;

  /** `finSeen`: whether the TCP connection below was closed in order, which ws does not tell. */
  constructor(socket: WebSocket, address: ServerAddress, finSeen: () => boolean) {
    this.#socket = socket;
    this.#address = address;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('error', (error) => this.#finish(this.#endOf(error)));
    socket.on('close', (code) => this.#finish(this.#closed(code, finSeen())));
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) listener.onData(bytes);
    if (this.#end !== undefined) listener.onEnd(this.#end);
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#end !== undefined || this.#closing) return;
    if (this.#socket.bufferedAmount === 0) this.#progressAt = performance.now();
    for (const chunk of chunks) this.#socket.send(chunk, { binary: true }, this.#onTaken);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
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
    const timer = setTimeout(() => this.#socket.terminate(), timeoutMs);
    this.#socket.once('close', () => done.resolve());
    this.#socket.resume();
    this.#socket.close(1000);
    await done.promise;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#listener = undefined;
    this.#finish({ how: 'local', error: closedByPeerError(this.#address) });
  }

  #onMessage(data: WebSocket.RawData, isBinary: boolean): void {
    if (this.#end !== undefined) return;
    if (!isBinary) {
      // [MQTT-6.0.0-1]: anything but a binary frame ends the connection
      this.#socket.close(UNSUPPORTED_DATA);
      this.#finish({ how: 'refused', error: this.#textFrameError() });
      return;
    }
    for (const bytes of chunksOf(data)) {
      if (this.#listener === undefined) this.#early.push(bytes);
      else this.#listener.onData(bytes);
    }
  }

  readonly #onTaken = (): void => {
    this.#progressAt = performance.now();
    if (this.#socket.bufferedAmount === 0) this.#listener?.onDrain();
  };

  #textFrameError(): MillraceError {
    return new MillraceError(
      'PROTOCOL_ERROR',
      `${formatAddress(this.#address)} sent a WebSocket text frame [MQTT-6.0.0-1]`,
    );
  }

  #closed(code: number, finSeen: boolean): TransportEnd {
    const error = new MillraceError(
      'CONNECTION_LOST',
      `${formatAddress(this.#address)} closed the WebSocket (${code})`,
      {
        details: { server: formatAddress(this.#address), closeCode: code },
      },
    );
    // any other code gives a reason, such as 1001 of a server that shuts down
    const orderly = ORDERLY.has(code) || (code === ABNORMAL && finSeen);
    return { how: orderly ? 'fin' : 'reset', error };
  }

  #endOf(error: Error): TransportEnd {
    return { how: 'reset', error: lostError(error, this.#address) };
  }

  #finish(end: TransportEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (!this.#closing) this.#socket.terminate();
    this.#listener?.onEnd(end);
  }
}

function chunksOf(data: WebSocket.RawData): readonly Uint8Array[] {
  if (Array.isArray(data)) return data;
  return [data instanceof ArrayBuffer ? new Uint8Array(data) : data];
}
