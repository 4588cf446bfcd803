import type { MillraceError } from '../../../errors/millrace-error.js';

/**
 * How a transport ended. `fin`: the peer closed it in order; `reset`: RST or another network error; `refused`: by what
 * TLS or WebSocket demand; `local`: by us. Only `fin` may count as a sign of a client-id conflict (R19).
 */
export interface TransportEnd {
  readonly how: 'fin' | 'reset' | 'refused' | 'local';
  /** CONNECTION_LOST, or what TLS or WebSocket found wrong; it names the server. */
  readonly error: MillraceError;
}

/** What a transport tells its user. `onEnd` comes once and last. */
export interface TransportListener {
  /** Cut anyhow. The bytes are not written to again, so that views of them may be kept. */
  onData(bytes: Uint8Array): void;
  /** Everything that waited has been taken by the operating system. */
  onDrain(): void;
  /** Not for what `close` and `destroy` do. */
  onEnd(end: TransportEnd): void;
}

/** A byte stream to a server, already open. Packet boundaries mean nothing to it. */
export interface Transport {
  /** Begins to read and to report; to be called once. What happened before is reported now. */
  start(listener: TransportListener): void;
  /** Takes the chunks in order; they must not be changed afterwards. Ignored after the end. */
  write(chunks: readonly Uint8Array[]): void;
  /** Bytes that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** When the operating system last took bytes, or bytes began to wait, in milliseconds of `performance.now()`. */
  readonly progressAt: number;
  /** False: nothing more is handed on, so that the peer's window fills. Writing goes on; the end may be noticed late. */
  setReading(reading: boolean): void;
  /** Lets the bytes that wait leave and closes in order; after `timeoutMs` it is cut. Never rejects. */
  close(timeoutMs: number): Promise<void>;
  /** Cuts it now. `onEnd` is not called. */
  destroy(): void;
}
