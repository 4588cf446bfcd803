import type { ErrorCode } from '../../../errors/error-code.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { isBelowGuarantee } from '../granted/check-guarantee.js';

/**
 * Refusals before a CONNACK that accepts, by a DISCONNECT in its place, too, or where a live connection is authenticated anew: of the way to
 * the broker, of who we are, and by the user's own function.
 */
const OF_CONNECTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_REFUSED_BY_BROKER',
  'UNSUPPORTED_PROTOCOL_VERSION',
  'BAD_CREDENTIALS',
  'NOT_AUTHORIZED',
  'CLIENT_ID_REJECTED',
  'DISCONNECTED_BY_BROKER',
  'TLS_REFUSED',
  'WRONG_PROTOCOL',
  'WEBSOCKET_REFUSED',
  'USER_FUNCTION_FAILED',
]);

/**
 * Refusals on a connection that was accepted: of what is subscribed, and of what its CONNACK leaves no room to send. A CONNACK that takes
 * back what the guarantee needs is one of them.
 */
const OF_CONNECTIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SUBSCRIPTION_REFUSED',
  'GRANTED_QOS_TOO_LOW',
  'MESSAGE_TOO_LARGE',
  'DISCONNECTED_BY_BROKER',
]);

/** How an attempt or a connection ended, as far as a refusal is concerned. */
export interface PossibleRefusal {
  /** One that is `retryable` is no refusal, whatever its code. */
  readonly error: MillraceError;
  /** There was a CONNACK that accepted. */
  readonly connected: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now: number;
}

/** `none`: it is no refusal, or one that says of itself that it passes. */
export type RefusalVerdict = 'none' | 'fatal' | 'for-now';

/**
 * R24: what is refused at the first connect is fatal; what is refused after an accepted connect with the same settings is an outage,
 * up to a limit that the user may set. A broker that is restarted with another password file or lower limits, or a proxy that knows no
 * broker for a moment, must not end a job that runs. For what is subscribed, "accepted" is that all was granted once.
 */
export class RefusalPatience {
  readonly #limitMs: number;
  #accepted: boolean;
  #granted: boolean;
  #since: number | undefined;

  /** `grantedBefore`: an earlier process was granted all with these settings. `limitMs`: Infinity for none, 0 for no patience. */
  constructor(limitMs: number, grantedBefore: boolean) {
    this.#limitMs = limitMs;
    this.#accepted = grantedBefore;
    this.#granted = grantedBefore;
  }

  /** CONNACK accepted us. */
  accepted(): void {
    this.#accepted = true;
  }

  /** All that is wanted is granted. */
  granted(): void {
    this.#granted = true;
    this.#since = undefined;
  }

  /** The limit counts from the first refusal since all was granted last. */
  judge({ error, connected, now }: PossibleRefusal): RefusalVerdict {
    const ofConnection = connected && (OF_CONNECTIONS.has(error.code) || isBelowGuarantee(error));
    if (error.retryable || !(ofConnection || OF_CONNECTS.has(error.code))) return 'none';
    if (!(ofConnection ? this.#granted : this.#accepted)) return 'fatal';
    this.#since ??= now;
    return now - this.#since < this.#limitMs ? 'for-now' : 'fatal';
  }
}
