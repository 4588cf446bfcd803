import type {
  ConnectedEvent,
  SessionEvent,
  SessionLostEvent,
  SubscriptionAnswerEvent,
} from '../protocol/session/session-event.js';

/** The events that the connection handles itself; all others are its owner's. */
export type ConnectionEvent = ConnectedEvent | SessionLostEvent | SubscriptionAnswerEvent;

/** Tells them apart. */
export function isConnectionEvent(event: SessionEvent): event is ConnectionEvent {
  switch (event.type) {
    case 'connected':
    case 'subscribed':
    case 'unsubscribed':
    case 'session-lost':
      return true;
    default:
      return false;
  }
}

/** What stands behind `connected` when the session's state is lost. */
export const isSessionLost = (event: SessionEvent): event is SessionLostEvent => event.type === 'session-lost';
