import type { ErrorCode } from '../errors/error-code.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { LONGEST_3_1_CLIENT_ID } from '../protocol/session/connect-packet.js';
import { Backoff } from './backoff.js';
import { ConflictDetector } from './conflict-detector.js';
import type { ConnectionOptions, ServerAddress } from './connection-options.js';
import { RepeatedEnd } from './repeated-end.js';
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
  /** Messages came or went on it, or were to be acknowledged when it ended. */
  readonly moved: boolean;
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

/** How a conflict of client ids is known. */
const NAMED = ': the broker said so';
const suspected = (closes: number): string =>
  `, it seems: the broker closed ${closes} connections in a row, each as soon as it had accepted it`;

/** Decides after each end of an attempt or connection whether, where, when and in which version it is tried again. */
export class ReconnectPolicy {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #versions: VersionFallback;
  readonly #rotation: ServerRotation;
  readonly #conflict = new ConflictDetector();
  #established = false;
  readonly #repeated: RepeatedEnd;

  /** `known`: the version that an earlier process spoke with the server (R5b). */
  constructor(options: ConnectionOptions, random: () => number, known?: ProtocolVersion) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: options.reconnectPeriodMs, maxMs: options.maxReconnectPeriodMs, random });
    this.#versions = new VersionFallback(options.version, oldestVersion(options), known);
    this.#rotation = new ServerRotation(options.servers);
    this.#repeated = new RepeatedEnd(options.subscriptions.length > 0);
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
    const { error } = end;
    if (this.#conflict.ended(end)) {
      return { do: 'fail', error: this.#conflictError(suspected(this.#conflict.closes), error) };
    }
    if (error.code === 'CLIENT_ID_CONFLICT') return { do: 'fail', error: this.#conflictError(NAMED, error) };
    return end.connectedMs === undefined ? this.#afterAttempt(end) : this.#afterConnection(end.error, end.connectedMs);
  }

  /** What follows an end that names another server, which is asked at once. */
  redirected({ to, moved }: { readonly to: ServerAddress; readonly moved: boolean }, end: AttemptEnd): NextStep {
    this.#rotation.redirect(to, moved);
    const owners = end.connectedMs !== undefined && !this.#options.autoReconnect;
    return owners ? { do: 'rest', error: end.error } : { do: 'retry', waitMs: 0 };
  }

  #afterConnection(error: MillraceError, connectedMs: number): NextStep {
    this.#backoff.lasted(connectedMs);
    const fatal = this.#repeated.after(error);
    if (fatal !== undefined) return { do: 'fail', error: fatal };
    if (!this.#mayPass(error) && !OF_ONE_SERVER.has(error.code)) return { do: 'fail', error };
    if (!this.#options.autoReconnect) return { do: 'rest', error };
    return { do: 'retry', waitMs: this.#conflict.suspected ? this.#backoff.shortMs() : this.#backoff.nextMs() };
  }

  #afterAttempt(end: AttemptEnd): NextStep {
    if (this.#versions.after(versionOutcome(end))) return { do: 'retry', waitMs: 0 };
    const mayPass = this.#mayPass(end.error);
    const ofOneServer = OF_ONE_SERVER.has(end.error.code) && !mayPass;
    if (!ofOneServer && !mayPass) return { do: 'fail', error: end.error };
    const turn = this.#rotation.failed(ofOneServer);
    if (turn === 'hopeless') return { do: 'fail', error: end.error };
    if (turn === 'next') return { do: 'retry', waitMs: 0 };
    if (!this.#options.autoReconnect) return { do: 'rest', error: end.error };
    return { do: 'retry', waitMs: this.#backoff.nextMs() };
  }

  #mayPass(error: MillraceError): boolean {
    if (error.retryable) return true;
    if (!this.#established) return false;
    // a proxy may answer 404 while its broker restarts, but it led to the broker before
    if (error.code === 'WEBSOCKET_REFUSED') return true;
    return this.#options.dynamicCredentials && OF_CREDENTIALS.has(error.code);
  }

  #conflictError(how: string, cause: MillraceError): MillraceError {
    return new MillraceError(
      'CLIENT_ID_CONFLICT',
      `another client uses the client id "${this.#options.clientId}"${how}`,
      {
        cause,
        advice: 'Give every process and every source and sink its own client id.',
        details: { clientId: this.#options.clientId },
      },
    );
  }
}

/** A version whose CONNECT cannot say what is asked for is not tried: its error would hide why the others failed. */
function oldestVersion({ clientId, will }: ConnectionOptions): ProtocolVersion {
  if (will?.properties !== undefined) return 5;
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
