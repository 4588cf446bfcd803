import type { ErrorCode } from '../../../errors/error-code.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import { LONGEST_3_1_CLIENT_ID } from '../../protocol/session/handshake/connect-packet.js';
import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';
import { formatAddress } from '../transport/format-address.js';
import { Backoff } from './backoff.js';
import type { Verdict } from './conflict-detector.js';
import { ConflictDetector, type Suspicion } from './conflict-detector.js';
import { closedAtSubscribe } from './explain-close.js';
import type { PolicyFacts } from './policy-facts.js';
import { RefusalPatience } from './refusal-patience.js';
import { RepeatedEnd } from './repeated-end.js';
import { ServerRotation } from './server-rotation.js';
import { type OlderBecause, type VersionAttempt, VersionFallback, type VersionOutcome } from './version-fallback.js';

/** How an attempt to connect ended, or the connection that it led to. */
export interface AttemptEnd {
  /** What follows goes by its code, and by whether it is `retryable`. */
  readonly error: MillraceError;
  /** The server closed in order (R19a). */
  readonly byFin: boolean;
  /** CONNECT was written. */
  readonly connectSent: boolean;
  /** Milliseconds since CONNACK; undefined when none came. */
  readonly connectedMs: number | undefined;
  /** Messages came or went on it, or were to be acknowledged when it ended. */
  readonly moved: boolean;
  /** Messages, or answers to them, came on it. */
  readonly progressed: boolean;
  /** The server had not answered everything that was sent on it. */
  readonly unanswered: boolean;
  /** A SUBSCRIBE was not answered. */
  readonly subscribing: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now: number;
}

/** What follows: try again after a wait, rest until the owner asks (no auto-reconnect), or give up for good. */
export type NextStep =
  | {
      readonly do: 'retry';
      readonly waitMs: number;
      /** It was refused, by who accepted it before (R24). */
      readonly refused?: true;
      /** What makes the server unusable, where another one of the list is tried on for that reason. */
      readonly unusable?: MillraceError;
      /** First a `TakeoverTrial` is to tell whether another client uses our id; `examined` takes what it found (R19a). */
      readonly examine?: { readonly longestMs: number };
    }
  | { readonly do: 'rest'; readonly error: MillraceError }
  | { readonly do: 'fail'; readonly error: MillraceError };

/** Errors that speak of one server only: another one of the list may do. */
const OF_ONE_SERVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TLS_REFUSED',
  'WRONG_PROTOCOL',
  'UNSUPPORTED_PROTOCOL_VERSION',
  'WEBSOCKET_REFUSED',
]);

/** Longest wait, in milliseconds, while closes before CONNACK may come of the version: four of them are to come within six seconds. */
const VERSION_DOUBT_MS = 1500;

/** How a conflict of client ids is known. */
const named = (ends: number): string => `: the broker said so when it ended ${ends} connections in a row (0x8E)`;
const SHOWN = ': the broker ends its connections even when nothing is asked on them, and keeps one with another id';

/** What follows an examination, with the error that it led to. */
export interface Examined {
  readonly next: NextStep;
  /** Absent where the trial found nothing that is anybody's fault. */
  readonly error?: MillraceError;
}

/** Decides after each end of an attempt or connection whether, where, when and in which version it is tried again. */
export class ReconnectPolicy {
  readonly #options: MqttConnectionOptions;
  readonly #backoff: Backoff;
  readonly #versions: VersionFallback;
  readonly #rotation: ServerRotation;
  readonly #conflict = new ConflictDetector();
  readonly #patience: RefusalPatience;
  readonly #repeated: RepeatedEnd;
  /** Answers to CONNECT, while none was ever accepted (R24). */
  readonly #answers = new RepeatedEnd('answers');
  readonly #acceptedBefore: boolean;
  readonly #filters: number;
  #connected = false;

  constructor(options: MqttConnectionOptions, random: () => number, facts: PolicyFacts = {}) {
    const { epochVersion: epoch, grantedBefore: accepted = false } = facts;
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: options.reconnectPeriodMs, maxMs: options.maxReconnectPeriodMs, random });
    this.#versions = new VersionFallback({ asked: options.version, oldest: oldestVersion(options), epoch, accepted });
    this.#patience = new RefusalPatience(options.refusalTimeoutMs, accepted);
    this.#rotation = new ServerRotation(options.servers);
    this.#filters = options.subscriptions.length + (options.ownFilters ?? 0);
    this.#repeated = new RepeatedEnd(this.#filters > 0 ? 'messages' : 'sizes');
    this.#acceptedBefore = accepted;
  }

  /** Of the present attempt or connection; after its end, of the next. */
  get address(): ServerAddress {
    return this.#rotation.current;
  }

  /** As `address`. */
  get version(): ProtocolVersion {
    return this.#versions.version;
  }

  /** Why the version is an older one; undefined for the newest, and for the one that was asked for. */
  get olderBecause(): OlderBecause | undefined {
    return this.#versions.because;
  }

  /** True once a CONNECT of this process was accepted. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The next attempt begins, and no session depends on its version. */
  tryNewest(now: number): void {
    this.#versions.tryUpwards(now);
  }

  /** CONNACK accepted us, perhaps only to throw an old session away. */
  spoken(now: number): void {
    this.#versions.after({ outcome: 'accepted', server: this.#server, now });
    this.#patience.accepted();
  }

  /** CONNACK accepted us. */
  accepted(now: number): void {
    this.#connected = true;
    this.spoken(now);
    this.#rotation.accepted();
  }

  /** All that is wanted is granted. */
  granted(): void {
    this.#patience.granted();
  }

  /** What follows this end. */
  after(end: AttemptEnd): NextStep {
    const { error } = end;
    // whatever follows: it counts ends in a row
    const suspicion = this.#conflict.ended(end);
    if (suspicion === 'named') {
      return { do: 'fail', error: this.#conflictError(named(this.#conflict.namedEnds), error) };
    }
    const connected = end.connectedMs !== undefined;
    // at once in another version: a wait would bring the same answer
    if (!connected && this.#versions.after(this.#versionAttempt(end))) return { do: 'retry', waitMs: 0 };
    if (this.#patience.judge({ error, connected, now: end.now }) === 'for-now') return this.#refusedForNow(error);
    return end.connectedMs === undefined ? this.#afterAttempt(end) : this.#afterConnection(end, suspicion);
  }

  /** R24. Soon only where the next attempt brings other credentials. */
  #refusedForNow(error: MillraceError): NextStep {
    if (this.#rotation.failed(false) === 'next') return { do: 'retry', waitMs: 0, refused: true };
    if (!this.#options.autoReconnect) return { do: 'rest', error: passing(error) };
    const waitMs = this.#options.dynamicCredentials ? this.#backoff.nextMs() : this.#backoff.longMs();
    return { do: 'retry', waitMs, refused: true };
  }

  /** What follows an end that names another server, which is asked at once. */
  redirected({ to, moved }: { readonly to: ServerAddress; readonly moved: boolean }, end: AttemptEnd): NextStep {
    this.#rotation.redirect(to, moved);
    const owners = end.connectedMs !== undefined && !this.#options.autoReconnect;
    return owners ? { do: 'rest', error: end.error } : { do: 'retry', waitMs: 0 };
  }

  /** A trial has told, or could not tell, whether another client uses our id (R19a). */
  examined(verdict: Verdict, now: number): Examined {
    const { onlyAtSubscribe } = this.#conflict;
    this.#conflict.acquit();
    if (verdict === 'taken-over') {
      const error = this.#conflictError(SHOWN);
      return { next: { do: 'fail', error }, error };
    }
    if (verdict === 'lived' && onlyAtSubscribe) return this.#subscribeRefused(now);
    return { next: { do: 'retry', waitMs: this.#backoff.nextMs() } };
  }

  /** The broker takes the connection as long as nothing is subscribed, and never answers the SUBSCRIBE. */
  #subscribeRefused(now: number): Examined {
    const error = closedAtSubscribe(this.#filters);
    const passes = this.#patience.judge({ error, connected: true, now }) === 'for-now';
    return { next: passes ? this.#refusedForNow(error) : { do: 'fail', error }, error };
  }

  #afterConnection({ error, progressed, connectedMs = 0 }: AttemptEnd, suspicion: Suspicion): NextStep {
    this.#backoff.lasted(connectedMs, progressed);
    // before `retryable` is asked: what ends five connections alike is fatal all the same
    const fatal = this.#repeated.after(error, { server: this.#server, progressed });
    if (fatal !== undefined) return { do: 'fail', error: fatal };
    if (!error.retryable && !OF_ONE_SERVER.has(error.code)) return { do: 'fail', error };
    if (!this.#options.autoReconnect) return { do: 'rest', error };
    const { longestMs } = this.#conflict;
    if (suspicion === 'examine') return { do: 'retry', waitMs: 0, examine: { longestMs } };
    return { do: 'retry', waitMs: suspicion === 'early' ? this.#backoff.shortMs() : this.#backoff.nextMs() };
  }

  #afterAttempt({ error }: AttemptEnd): NextStep {
    const ofOneServer = OF_ONE_SERVER.has(error.code) && !error.retryable;
    if (!ofOneServer && !error.retryable) return { do: 'fail', error };
    const unusable = this.#unusable(error);
    // whoever names a server that cannot be used would name it again
    if (unusable !== undefined && this.#rotation.atGuest) return { do: 'fail', error: unusable };
    // before the rotation, which may go on to the next server
    const inDoubt = this.#versions.isInDoubt(this.#server);
    const turn = this.#rotation.failed(ofOneServer || unusable !== undefined);
    if (turn === 'hopeless') return { do: 'fail', error: unusable ?? error };
    const told = unusable && { unusable };
    if (turn === 'next') return { do: 'retry', waitMs: 0, ...told };
    if (!this.#options.autoReconnect) return { do: 'rest', error };
    const waitMs = this.#backoff.nextMs();
    return { do: 'retry', waitMs: inDoubt ? Math.min(waitMs, VERSION_DOUBT_MS) : waitMs, ...told };
  }

  /** R22, R24: of answers to CONNECT, while none was ever accepted. */
  #unusable(error: MillraceError): MillraceError | undefined {
    if (this.#connected || this.#acceptedBefore) return undefined;
    return this.#answers.after(error, { server: this.#server, progressed: false });
  }

  get #server(): string {
    return formatAddress(this.address);
  }

  #versionAttempt(end: AttemptEnd): VersionAttempt {
    return { outcome: versionOutcome(end), server: this.#server, now: end.now };
  }

  #conflictError(how: string, cause?: MillraceError): MillraceError {
    return new MillraceError(
      'CLIENT_ID_CONFLICT',
      `another client uses the client id "${this.#options.clientId}"${how}`,
      {
        ...(cause === undefined ? {} : { cause }),
        advice: 'Give every process and every source and sink its own client id.',
        details: { clientId: this.#options.clientId },
      },
    );
  }
}

/** The refusal as an outage: whoever connects again goes by that. */
function passing({ code, message, cause, advice, details, reasonCode }: MillraceError): MillraceError {
  return new MillraceError(code, message, {
    cause,
    details,
    retryable: true,
    ...(advice === undefined ? {} : { advice }),
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
}

/** A version whose CONNECT cannot say what is asked for is not tried: its error would hide why the others failed. */
function oldestVersion({ clientId, will }: MqttConnectionOptions): ProtocolVersion {
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
