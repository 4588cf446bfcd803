import type { MillraceError } from '../../errors/millrace-error.js';
import type { Conversation } from './conversation.js';
import type { NextStep } from './reconnect/reconnect-policy.js';

/**
 * The life of a connection. `idle`: nobody tries (not opened yet, or lost without auto-reconnect). `connecting`: credentials,
 * TCP, TLS, WebSocket, and throwing an old session away. `conversing`: CONNECT is sent. `backing-off`: waits before the next attempt.
 * `closed` and `failed` are final.
 */
export type ConnectionState =
  | { readonly at: 'idle' }
  | { readonly at: 'connecting' }
  | { readonly at: 'conversing'; readonly conversation: Conversation }
  | { readonly at: 'backing-off'; readonly waitMs: number }
  | { readonly at: 'closed' }
  | { readonly at: 'failed'; readonly error: MillraceError };

/**
 * As others see it. `handshaking`: CONNECT is sent. `subscribing`: accepted; it is settled what becomes of the session, and SUBACKs are
 * awaited. `running`: all is granted.
 */
export type ConnectionStage = Exclude<ConnectionState['at'], 'conversing'> | Conversation['at'];

/** The conversation of a state that has one. */
export function conversationOf(state: ConnectionState): Conversation | undefined {
  return state.at === 'conversing' ? state.conversation : undefined;
}

/** Final. */
export function isOver(state: ConnectionState): boolean {
  return state.at === 'closed' || state.at === 'failed';
}

/** The state that a next step leads to. */
export function stateAfter(next: NextStep): ConnectionState {
  switch (next.do) {
    case 'retry':
      return { at: 'backing-off', waitMs: next.waitMs };
    case 'rest':
      return { at: 'idle' };
    case 'fail':
      return { at: 'failed', error: next.error };
  }
}
