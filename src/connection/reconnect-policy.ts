import type { ErrorCode } from '../errors/error-code.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { LONGEST_3_1_CLIENT_ID } from '../protocol/session/connect-packet.js';
import { Backoff } from './backoff.js';
import { ConflictDetector } from './conflict-detector.js';
import type { ConnectionOptions, ServerAddress } from './connection-options.js';
import { ServerRotation } from './server-rotation.js';
import { VersionFallback, type VersionOutcome } from './version-fallback.js';

/** How an attempt to connect ended, or the connection that it led to. */
export interface AttemptEnd {
  readonly error: MillraceError;
  readonly byFin: boolean;
  /** CONNECT was written. */
  readonly connectSent: boolean;
  /** Milliseconds since CONNACK; undefined when none came. */
  readonly connectedMs: number | undefined;
}

/** What follows: try again after a wait, rest until the owner asks (no auto-reconnect), or give up for good. */
export type NextStep =
  | { readonly do: 'retry'; readonly waitMs: number }
  | { readonly do: 'rest'; readonly error: MillraceError }
  | { readonly do: 'fail'; readonly error: MillraceError };

/** Errors that speak of one server only: another one of the list may do. */
const OF_ONE_SERVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TLS_REFUSED',
  'WRONG_PROTOCOL',
  'UNSUPPORTED_PROTOCOL_VERSION',
  'WEBSOCKET_REFUSED',
]);

/** Refusals that may pass when the credentials are asked for anew at each connect. */
const OF_CREDENTIALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_CREDENTIALS',
  'NOT_AUTHORIZED',
  'USER_FUNCTION_FAILED',
]);

/** Decides after each end of an attempt or connection whether, where, when and in which version it is tried again. */
export class ReconnectPolicy {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #versions: VersionFallback;
  readonly #rotation: ServerRotation;
  readonly #conflict = new ConflictDetector();
  #established = false;

  constructor(options: ConnectionOptions, random: () => number) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: options.reconnectPeriodMs, maxMs: options.maxReconnectPeriodMs, random });
    this.#versions = new VersionFallback(options.version, oldestVersion(options));
    this.#rotation = new ServerRotation(options.servers);
  }

  get address(): ServerAddress {
    return this.#rotation.current;
  }

  get version(): ProtocolVersion {
    return this.#versions.version;
  }

  /** True once a CONNECT of this process was accepted. */
  get established(): boolean {
    return this.#established;
  }

  /** CONNACK accepted us. */
  accepted(): void {
    this.#established = true;
    this.#versions.after('accepted');
    this.#rotation.accepted();
  }

  /** What follows this end. */
  after(end: AttemptEnd): NextStep {
    if (end.error.code === 'CLIENT_ID_CONFLICT' || this.#conflict.ended(end)) {
      return { do: 'fail', error: this.#conflictError(end.error) };
    }
    return end.connectedMs === undefined ? this.#afterAttempt(end) : this.#afterConnection(end.error, end.connectedMs);
  }

  #afterConnection(error: MillraceError, connectedMs: number): NextStep {
    this.#backoff.lasted(connectedMs);
    if (!this.#mayPass(error)) return { do: 'fail', error };
    if (!this.#options.autoReconnect) return { do: 'rest', error };
    return { do: 'retry', waitMs: this.#conflict.suspected ? this.#backoff.shortMs() : this.#backoff.nextMs() };
  }

  #afterAttempt(end: AttemptEnd): NextStep {
    if (this.#versions.after(versionOutcome(end))) return { do: 'retry', waitMs: 0 };
    const ofOneServer = OF_ONE_SERVER.has(end.error.code) && !end.error.retryable;
    if (!ofOneServer && !this.#mayPass(end.error)) return { do: 'fail', error: end.error };
    const turn = this.#rotation.failed(ofOneServer);
    if (turn === 'hopeless') return { do: 'fail', error: end.error };
    if (turn === 'next') return { do: 'retry', waitMs: 0 };
    if (!this.#options.autoReconnect) return { do: 'rest', error: end.error };
    return { do: 'retry', waitMs: this.#backoff.nextMs() };
  }

  #mayPass(error: MillraceError): boolean {
    if (error.retryable) return true;
    return this.#established && this.#options.dynamicCredentials && OF_CREDENTIALS.has(error.code);
  }

  #conflictError(cause: MillraceError): MillraceError {
    return new MillraceError('CLIENT_ID_CONFLICT', `another client uses the client id "${this.#options.clientId}"`, {
      cause,
      advice: 'Give every process and every source and sink its own client id.',
      details: { clientId: this.#options.clientId },
    });
  }
}

/** 3.1 is not tried with a client id that it cannot have: that would hide why the others failed. */
function oldestVersion({ clientId }: ConnectionOptions): ProtocolVersion {
  return Array.from(clientId).length > LONGEST_3_1_CLIENT_ID ? 4 : 3;
}

/** The return code with which a 3.x server refuses a version, to a 5.0 CONNECT too. */
const UNACCEPTABLE_VERSION = 0x01;

function versionOutcome(end: AttemptEnd): VersionOutcome {
  const { code, reasonCode } = end.error;
  const refused = code === 'CONNECTION_REFUSED_BY_BROKER' && reasonCode === UNACCEPTABLE_VERSION;
  if (refused || code === 'UNSUPPORTED_PROTOCOL_VERSION') return 'version-refused';
  return end.connectSent && code === 'CONNECTION_LOST' ? 'closed-before-connack' : 'other';
}
