import type { AuthenticationStart } from '../protocol/session/session-options.js';
import type { Authenticator } from './authentication/authenticator.js';
import type { Credentials } from './options/connect-options.js';

/** Who we are on one connection. */
export interface Login {
  readonly credentials: Credentials;
  /** How an enhanced authentication begins, and who goes on with it. */
  readonly authentication?: AuthenticationStart | undefined;
  readonly authenticator?: Authenticator | undefined;
}
