import type { MillraceError } from '../../errors/millrace-error.js';
import type { OutboundMessage } from '../protocol/session/outbound-message.js';
import type { ConnectedEvent, SessionEvent } from '../protocol/session/session-event.js';
import type { GrantedSubscription } from './subscriptions/wanted-subscription.js';

/**
 * What a connection tells its owner. Calls are synchronous, in order, never after `close` resolved, and must not throw.
 *
 * The order, for each connection: `onSessionLost` where the broker has lost the session, `onConnected`, `onSubscribed` once all is granted,
 * `onDisconnected`, which may come instead of any of them. `onSessionEvents` lies between `onConnected` and `onDisconnected`, and messages
 * may come before `onSubscribed`; those of a broker that does not say whose its session is, even before `onConnected` (R14b). `onFailed`
 * follows the last `onDisconnected`.
 */
export interface ConnectionListener {
  /** Of an owner with filters of its own (`ownFilters`): their SUBSCRIBE is not answered. */
  readonly awaitsGrant?: boolean;
  /**
   * Session events other than `connected`, `session-lost` and `close`, which the connection handles; of `subscribed` and `unsubscribed` those
   * behind `onSubscribed`, which answer what the owner has asked the session for itself.
   */
  onSessionEvents(events: readonly SessionEvent[]): void;
  /**
   * CONNACK accepted: publishing may begin (a session loss is settled). `verified` is false when a present session may be an empty one
   * (R5a), or is not ours (R5b).
   */
  onConnected(event: ConnectedEvent, verified: boolean): void;
  /** All wanted subscriptions are granted on this connection, or the resumed session already has them. */
  onSubscribed(granted: readonly GrantedSubscription[]): void;
  /**
   * An attempt to connect failed, or the transport is gone. With auto-reconnect it is tried again unless `onFailed` follows;
   * without it nothing happens until the owner calls `reconnect` or `close`.
   */
  onDisconnected(error: MillraceError): void;
  /** The broker lost the session (R5); what was in doubt is re-sent or dropped by policy, given-up messages are handed over. */
  onSessionLost(givenUp: readonly OutboundMessage[]): void;
  /** Fatal: it will not connect again. Not called for what `open` or `reconnect` rejects with. */
  onFailed(error: MillraceError): void;
  /** The socket took everything that waited: more may be written. */
  onDrain(): void;
}
