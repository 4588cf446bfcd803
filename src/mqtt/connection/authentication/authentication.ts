/**
 * How a client proves who it is in more than one step: the enhanced authentication of MQTT 5.0 (4.12). One object serves any number of
 * connections, at once too: what belongs to one exchange is in what `start` gives. `scramSha256` is one that is ready.
 *
 * An error that a method throws ends the connection, and is tried again like a broken network. Its text is not repeated, because it may
 * hold a secret; a MillraceError is passed on as it is, and counts by its own `retryable`.
 */
export interface Authentication {
  /** The Authentication Method, such as `SCRAM-SHA-256`: a name that the broker knows. */
  readonly method: string;
  /** Milliseconds after which a connection that lives is authenticated anew, 1000 to 2147483647. Default: never by itself. */
  readonly reauthenticateEvery?: number | undefined;
  /** Begins an exchange: before each CONNECT, within `connectTimeout`, and for each re-authentication. */
  start(context: AuthenticationContext): AuthenticationExchange | Promise<AuthenticationExchange>;
}

/** For whom and what an exchange is. */
export interface AuthenticationContext {
  /** That of the CONNECT; empty where the broker is to assign one. */
  readonly clientId: string;
  /** The broker, such as `mqtts://broker.example:8883`. */
  readonly server: string;
  /** False: for a CONNECT. True: on a live connection, while its messages flow on. */
  readonly reauthentication: boolean;
  /** Aborts when the exchange can lead to nothing any more. */
  readonly signal: AbortSignal;
  /**
   * Authenticates the connection of this exchange anew, from now on until it ends: for a provider that has a new token. Does nothing
   * while an exchange is under way, or when the connection is over.
   */
  reauthenticate(): void;
}

/** One exchange, with whatever state the method needs. */
export interface AuthenticationExchange {
  /** Authentication Data of CONNECT, or of the AUTH that begins anew. Default: none. */
  readonly data?: Uint8Array | undefined;
  /** Answers a question of the broker: its Authentication Data (empty: none), ours to send back. */
  continue(data: Uint8Array, signal: AbortSignal): AnswerData | Promise<AnswerData>;
  /**
   * The broker is content. `data` is its last word, which may prove who it is: throw when it does not. Nothing is sent or delivered
   * on a new connection before this is done.
   */
  finish?(data: Uint8Array, signal: AbortSignal): void | Promise<void>;
}

/** Authentication Data to send; undefined: none. */
export type AnswerData = Uint8Array | undefined;
