import type { MillraceError } from '../../errors/millrace-error.js';
import type { Link } from './link.js';
import type { NextStep } from './reconnect/reconnect-policy.js';
import type { SessionOpening } from './session-opening.js';

/**
 * The life of a connection. `idle`: nobody tries (not opened yet, or lost without auto-reconnect). `connecting`: credentials,
 * TCP, TLS, WebSocket, and throwing an old session away. `handshaking`: CONNECT is sent. `subscribing`: accepted;
 * it is settled what becomes of the session, and SUBACKs are awaited. `running`: all is granted.
 * `backing-off`: waits before the next attempt. `closed` and `failed` are final.
 */
export type ConnectionState =
  | { readonly at: 'idle' }
  | { readonly at: 'connecting' }
  | { readonly at: 'handshaking'; readonly link: Link }
  | {
      readonly at: 'subscribing';
      readonly link: Link;
      readonly connectedAt: number;
      readonly opening: SessionOpening;
    }
  | { readonly at: 'running'; readonly link: Link; readonly connectedAt: number }
  | { readonly at: 'backing-off'; readonly waitMs: number }
  | { readonly at: 'closed' }
  | { readonly at: 'failed'; readonly error: MillraceError };

/** The link of a state that has one. */
export function linkOf(state: ConnectionState): Link | undefined {
  return 'link' in state ? state.link : undefined;
}

/** Between CONNACK and the end of the connection. */
export function isConnected(state: ConnectionState): boolean {
  return state.at === 'subscribing' || state.at === 'running';
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
