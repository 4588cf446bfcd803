import type {
  AuthChallengeEvent,
  AuthSuccessEvent,
  ConnectedEvent,
  SessionEvent,
  SessionProvenEvent,
  SubscriptionAnswerEvent,
} from '../protocol/session/session-event.js';
import type { SessionQuestion } from './identity/record/judge-session.js';

/** What comes behind `connected` until all is granted. */
export type OpeningEvent = SessionQuestion | SessionProvenEvent | SubscriptionAnswerEvent;

/** The events that the connection handles itself; all others are its owner's. */
export type ConnectionEvent = ConnectedEvent | OpeningEvent | AuthEvent;

/** What a session tells of an authentication: the link's `Authenticator` follows it. */
export type AuthEvent = AuthChallengeEvent | AuthSuccessEvent;

/** Tells them apart. */
export const isAuthEvent = (event: SessionEvent): event is AuthEvent =>
  event.type === 'auth-challenge' || event.type === 'auth-success';

/** Tells the questions apart. */
export const isQuestion = (event: SessionEvent): event is SessionQuestion =>
  event.type === 'session-lost' || event.type === 'session-unproven';

/** Tells them apart. */
export function isConnectionEvent(event: SessionEvent): event is ConnectionEvent {
  switch (event.type) {
    case 'connected':
    case 'subscribed':
    case 'unsubscribed':
    case 'session-lost':
    case 'session-unproven':
    case 'session-proven':
    case 'auth-challenge':
    case 'auth-success':
      return true;
    default:
      return false;
  }
}
