/**
 * Whose fault an error is: the caller's code or configuration, the peer (a broker), the network between, the machine, or Millrace itself.
 */
export type Fault = 'user' | 'peer' | 'network' | 'machine' | 'millrace';

/** What a code means by default: whose fault it is and whether the same action may succeed later without a change. */
export interface ErrorKind {
  readonly fault: Fault;
  /** An error may say otherwise (`MillraceErrorOptions.retryable`). */
  readonly retryable: boolean;
}

const user = (): ErrorKind => ({ fault: 'user', retryable: false });
const peer = (retryable = false): ErrorKind => ({ fault: 'peer', retryable });
const network = (): ErrorKind => ({ fault: 'network', retryable: true });
const machine = (): ErrorKind => ({ fault: 'machine', retryable: false });

/** Every code that a {@link MillraceError} can have. The set is closed: a new failure gets a line here. */
export const ERROR_KINDS = {
  // configuration and misuse
  INVALID_OPTIONS: user(),
  INVALID_TOPIC: user(),
  INVALID_MESSAGE: user(),
  INVALID_STATE: user(),
  MESSAGE_TOO_LARGE: user(),
  GUARANTEE_UNSUPPORTED: user(),
  OVERLAPPING_FILTERS: user(),
  DUPLICATE_SESSION: user(),
  USER_FUNCTION_FAILED: user(),
  CONTRACT_BROKEN: user(),
  STATE_NOT_STORABLE: user(),
  JOB_CHANGED: user(),
  UNSUPPORTED: user(),
  // the peer's answers: a broker's, a database's
  MALFORMED_PACKET: peer(true),
  PROTOCOL_ERROR: peer(true),
  PACKET_TOO_LARGE: peer(true),
  CONNECTION_REFUSED_BY_BROKER: peer(true),
  NOT_AUTHORIZED: peer(),
  BAD_CREDENTIALS: peer(),
  CLIENT_ID_REJECTED: peer(),
  UNSUPPORTED_PROTOCOL_VERSION: peer(),
  SUBSCRIPTION_REFUSED: peer(),
  GRANTED_QOS_TOO_LOW: peer(),
  MESSAGE_QOS_TOO_LOW: peer(),
  MALFORMED_MESSAGE: peer(),
  PUBLISH_REFUSED: peer(),
  DISCONNECTED_BY_BROKER: peer(true),
  CLIENT_ID_CONFLICT: peer(),
  SESSION_LOST: peer(),
  SESSION_UNKNOWN: peer(),
  ID_IN_USE: peer(),
  DATABASE_NOT_OURS: peer(),
  DATABASE_WENT_BACK: peer(),
  WRONG_PROTOCOL: peer(),
  TLS_REFUSED: peer(),
  WEBSOCKET_REFUSED: peer(true),
  // the network
  CONNECT_FAILED: network(),
  CONNECTION_LOST: network(),
  TIMEOUT: network(),
  CLUSTER_UNREACHABLE: network(),
  // this machine
  STORAGE_FAILED: machine(),
  STORE_LOCKED: machine(),
  STORE_CORRUPT: machine(),
  STORE_FULL: machine(),
  STORE_VERSION: user(),
  STORE_FENCED: machine(),
  // the job's life
  ABORTED: user(),
  RETRIES_EXHAUSTED: peer(),
  INTERNAL: { fault: 'millrace', retryable: false },
} as const satisfies Record<string, ErrorKind>;

/** The closed set of codes. */
export type ErrorCode = keyof typeof ERROR_KINDS;

/** Whether it is one: what another process wrote may say anything. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERROR_KINDS, code);
