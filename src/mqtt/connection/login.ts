import type { AuthenticationStart } from '../protocol/session/session-options.js';
import type { Authenticator } from './authentication/authenticator.js';
import type { Credentials } from './options/connect-options.js';

/** Who we are on one connection. */
export interface Login {
  /** What the provider gave, or the options have. */
  readonly credentials: Credentials;
  /** How an enhanced authentication begins; undefined without one. */
  readonly authentication?: AuthenticationStart | undefined;
  /** Who goes on with it, on this connection only. */
  readonly authenticator?: Authenticator | undefined;
}
