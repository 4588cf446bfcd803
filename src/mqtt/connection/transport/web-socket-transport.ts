import type WebSocket from 'ws';
import { MillraceError } from '../../../errors/millrace-error.js';
import { deferred } from '../../../internal/deferred.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import { formatAddress } from './format-address.js';
import type { Transport, TransportEnd, TransportListener } from './transport.js';
import { closedByPeerError, lostError } from './transport-error.js';

/** WebSocket close code: data of a type that cannot be accepted [RFC 6455, 7.4.1]. */
const UNSUPPORTED_DATA = 1003;
/** WebSocket close codes: an orderly end, and a close frame without a code. */
const ORDERLY = new Set([1000, 1005]);
/** WebSocket close code that means "the peer vanished without a close frame". */
const ABNORMAL = 1006;
const EMPTY = new Uint8Array(0);

/** A frame is handed on in pieces as long as what a socket gives at once, so that a reader that stops is soon heard. */
const PIECE_BYTES = 64 * 1024;

/**
 * A Transport over an open WebSocket. Frames are not packets: only the stream of their bytes counts [MQTT-6.0.0-2].
 *
 * W1. What has come and is not handed on (before `start`, while nobody reads) is a few frames: the socket is paused until it is.
 * W2. After `close` and `destroy` nothing is kept.
 * W3. The end is told behind everything that came before it.
 */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #address: ServerAddress;
  /** What has come and is not handed on. */
  readonly #pending: Uint8Array[] = [];
  #reading = true;
  #giving = false;
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
    this.#give();
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
    this.#reading = reading;
    this.#give();
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.#closing = true;
    this.#listener = undefined;
    this.#pending.length = 0;
    const done = deferred<void>();
    const timer = setTimeout(() => this.#socket.terminate(), timeoutMs);
    this.#socket.once('close', () => done.resolve());
    // a paused socket would never see the peer's close frame
    this.#socket.resume();
    this.#socket.close(1000);
    await done.promise;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#listener = undefined;
    this.#pending.length = 0;
    this.#finish({ how: 'local', error: closedByPeerError(this.#address) });
  }

  #onMessage(data: WebSocket.RawData, isBinary: boolean): void {
    if (this.#end !== undefined || this.#closing) return;
    if (!isBinary) {
      // [MQTT-6.0.0-1]: anything but a binary frame ends the connection
      this.#socket.close(UNSUPPORTED_DATA);
      this.#finish({ how: 'refused', error: this.#textFrameError() });
      return;
    }
    this.#pending.push(...chunksOf(data));
    this.#give();
  }

  /** Hands on what has come while somebody reads, then the end. What it causes may call this again. */
  #give(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (this.#reading && this.#listener !== undefined && this.#pending.length > 0) {
      this.#listener.onData(takePiece(this.#pending));
    }
    this.#giving = false;
    this.#updateReading();
    if (this.#end === undefined || this.#pending.length > 0) return;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onEnd(this.#end);
  }

  #updateReading(): void {
    if (this.#closing || this.#end !== undefined) return;
    if (this.#reading && this.#pending.length === 0) this.#socket.resume();
    else this.#socket.pause();
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
    this.#give();
  }
}

function takePiece(pending: Uint8Array[]): Uint8Array {
  const [bytes = EMPTY] = pending;
  if (bytes.length <= PIECE_BYTES) {
    pending.shift();
    return bytes;
  }
  pending[0] = bytes.subarray(PIECE_BYTES);
  return bytes.subarray(0, PIECE_BYTES);
}

function chunksOf(data: WebSocket.RawData): readonly Uint8Array[] {
  if (Array.isArray(data)) return data;
  return [data instanceof ArrayBuffer ? new Uint8Array(data) : data];
}
