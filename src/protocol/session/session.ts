import type { SubscriptionRequest } from '../packet.js';
import type { Properties } from '../properties.js';
import type { OutboundMessage } from './outbound-message.js';
import type { ServerLimits, SessionEvent } from './session-event.js';
import type { ConnectRequest, SessionOptions } from './session-options.js';
import type { SessionState } from './session-state.js';

/**
 * One MQTT session of a client, over any number of connections, without a socket, timer or clock.
 * Bytes, commands and `now` (milliseconds of a monotonic clock) go in; events, bytes and a deadline come out.
 *
 * It never waits. After every `receive`, `handleTimeout` or command, the driver takes the events and the output.
 * A command that is not allowed now throws INVALID_STATE; a message that the specification or the server's limits forbid
 * throws INVALID_MESSAGE, INVALID_TOPIC or MESSAGE_TOO_LARGE and changes nothing. `receive` and `handleTimeout` never throw.
 */
export class Session {
  constructor(_options: SessionOptions) {
    throw new Error('to be written');
  }

  /** The transport is open: writes CONNECT. */
  connect(_request: ConnectRequest, _now: number): void {}

  /** Bytes from the transport. Payload views of `message` events point into them. Ignored after a `close` event. */
  receive(_bytes: Uint8Array, _now: number): void {}

  /** The transport is gone, for whatever reason. The session stays. */
  connectionLost(_now: number): void {}

  /** To be called when `deadline()` has passed. Tolerates being called early or late: a driver that was stalled gives the peer a grace before it is declared silent. */
  handleTimeout(_now: number): void {}

  /** When `handleTimeout` wants to be called next, in the milliseconds of `now`; Infinity for never. */
  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** The driver stopped or went on reading the socket (byte bound, QoS 0 policy `pause`): suspends the PINGRESP timer; PINGREQ still goes out. */
  setReading(_reading: boolean, _now: number): void {}

  /** Events since the last call, in order. */
  takeEvents(): readonly SessionEvent[] {
    return [];
  }

  /** Bytes to write, coalesced: usually one chunk for many packets; a large payload is a chunk of its own and not copied. Empty when there is nothing. */
  takeOutput(): readonly Uint8Array[] {
    return [];
  }

  /** True when `takeOutput` would give something. */
  get hasOutput(): boolean {
    return false;
  }

  /** Only between a `connected` event and the end of the connection. */
  get limits(): ServerLimits | undefined {
    return undefined;
  }

  /** How many more QoS 1 and 2 messages `publish` takes now (R8a): 0 without a connection. */
  get credit(): number {
    return 0;
  }

  /** Outbound QoS 1 and 2 messages that are not complete. */
  get inflight(): number {
    return 0;
  }

  /** Outbound acknowledgements that the broker owes (R21): what the progress watchdog counts. */
  get owed(): number {
    return 0;
  }

  /** Sends one message on this connection. QoS 1 and 2 need `credit` > 0 and a seq above all earlier ones. */
  publish(_message: OutboundMessage): void {}

  /** Acknowledges a delivered message (PUBACK or PUBREC), in any order; written in the order of receipt (R14). Late or repeated calls do nothing. */
  accept(_token: number): void {}

  /** After a `release` event: forgets the inbound id and sends PUBCOMP (R3). */
  complete(_token: number): void {}

  /** After a `received` event: sends PUBREL (R9). */
  release(_seq: number): void {}

  /**
   * After `session-lost`: begins the new epoch. `redeliver` sends the messages in doubt again as new ones, in order;
   * `drop` gives them up (they are returned); inbound ids are forgotten (R5).
   */
  startEpoch(_policy: 'redeliver' | 'drop'): readonly OutboundMessage[] {
    return [];
  }

  /** Sends SUBSCRIBE; returns its packet id (60001 and above), which the `subscribed` event repeats. */
  subscribe(_subscriptions: readonly SubscriptionRequest[], _properties?: Properties): number {
    return 0;
  }

  /** Sends UNSUBSCRIBE; returns its packet id, which the `unsubscribed` event repeats. */
  unsubscribe(_filters: readonly string[], _properties?: Properties): number {
    return 0;
  }

  /** Sends DISCONNECT (default 0x00); nothing is written after it. The session expiry is not changed (R15). */
  disconnect(_reasonCode?: number, _properties?: Properties): void {}

  /** A copy that shares nothing mutable with the session. */
  state(): SessionState {
    return { epoch: 0, inbound: [], outbound: [] };
  }
}
