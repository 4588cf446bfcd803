import type { MillraceError } from '../errors/millrace-error.js';
import type { Properties } from '../protocol/properties.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import type { Session } from '../protocol/session/session.js';
import type { ConnectedEvent, SessionEvent } from '../protocol/session/session-event.js';
import type { ConnectionOptions } from './connection-options.js';

/** What the filter was granted. `granted` below what was asked for is a downgrade. */
export interface GrantedSubscription {
  readonly filter: string;
  readonly requested: QualityOfService;
  readonly granted: QualityOfService;
}

/**
 * What a connection tells its owner. Calls are synchronous, in order, never after `close` resolved, and must not throw.
 */
export interface ConnectionListener {
  /** Session events other than `connected`, `subscribed`, `unsubscribed`, `session-lost` and `close`, which the connection handles. */
  onSessionEvents(events: readonly SessionEvent[]): void;
  /** CONNACK accepted: publishing may begin (a session loss is settled). */
  onConnected(event: ConnectedEvent): void;
  /** All wanted subscriptions are granted on this connection, or the resumed session already has them. */
  onSubscribed(granted: readonly GrantedSubscription[]): void;
  /** The transport is gone; the connection will try again unless `onFailed` follows. */
  onDisconnected(error: MillraceError): void;
  /** The broker lost the session (R5); what was in doubt is re-sent or dropped by policy, given-up messages are named. */
  onSessionLost(givenUp: readonly number[]): void;
  /** Fatal: it will not connect again. */
  onFailed(error: MillraceError): void;
  /** The socket took everything that waited: more may be written. */
  onDrain(): void;
}

/** Drives one Session over one transport after another: connects, subscribes, reconnects, fails over, times out. */
export class Connection {
  constructor(_options: ConnectionOptions, _listener: ConnectionListener) {
    throw new Error('to be written');
  }

  /** Connects and subscribes; with reconnect on it keeps trying on retryable errors. Rejects with the fatal error or ABORTED. */
  async open(_signal: AbortSignal): Promise<void> {}

  get session(): Session {
    throw new Error('to be written');
  }

  get connected(): boolean {
    return false;
  }

  /** Bytes that wait in the socket and above it. */
  get bufferedBytes(): number {
    return 0;
  }

  /** Writes what the session has to send, takes its events and arms its timer. To be called after commands on `session`. */
  flush(): void {}

  /** Stops or resumes reading the socket (byte bound, QoS 0 policy `pause`). Keep-alive goes on. */
  setReading(_reading: boolean): void {}

  /** Without auto-reconnect: connects once more (the sink's retry strategy drives it). */
  async reconnect(_signal: AbortSignal): Promise<void> {}

  /** Sends DISCONNECT and keeps the session (R15); waits for the bytes to leave for at most `timeoutMs` (default 1000). Never rejects. */
  async close(_timeoutMs?: number, _properties?: Properties): Promise<void> {}
}
