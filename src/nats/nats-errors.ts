import type { ErrorCode } from '../errors/error-code.js';
import { MillraceError } from '../errors/millrace-error.js';

/** What JetStream says in the place of an answer. */
export interface ApiError {
  /** HTTP-like; 404 for what is not there. */
  readonly code: number;
  /** Of the closed list of the server's. */
  readonly err_code: number;
  readonly description: string;
}

/** Codes of the server that Millrace decides by. */
export const API_CODES = {
  streamNotFound: 10059,
  noMessageFound: 10037,
  wrongLastSequence: 10071,
} as const;

/** The store of the server or of the account is full: it says so before anything is written. */
const FULL = new Set([10002, 10023, 10028, 10047, 10054]);
/** A failure of the store, whatever it is: full only by what it says. */
const STORE_FAILED = 10077;
/** JetStream not there (yet): said for seconds while a leader is missing. */
const AWAY = new Set([
  10004, // incomplete results
  10005, // no suitable peers for placement
  10007, // cluster not assigned to this server
  10008, // temporarily unavailable
  10009, // cluster can not handle the request
  10039, // not enabled for the account
  10041, // raft general error
  10076, // not enabled
  10167, // too many requests
]);

/** What an answer of JetStream means for whoever asked. */
export type ApiErrorKind =
  /** The same may be answered in a moment. */
  | 'away'
  | 'full'
  /** It will be the same the next time, or nobody knows. */
  | 'other';

export const apiErrorKind = ({ code, err_code, description }: ApiError): ApiErrorKind => {
  if (FULL.has(err_code)) return 'full';
  if (err_code === STORE_FAILED) return /^maximum (messages|bytes)/.test(description) ? 'full' : 'other';
  return AWAY.has(err_code) || code === 503 ? 'away' : 'other';
};

const FULL_ADVICE =
  'Raise the limit of the stream, of the account or of the servers, or make room on their disks; nothing that was acknowledged is lost.';

/** An answer of JetStream as an error of ours. @param what what could not be done */
export const apiError = (error: ApiError, what: string): MillraceError => {
  const kind = apiErrorKind(error);
  const message = `${what}: ${error.description}`;
  const details = { apiCode: error.err_code };
  if (kind === 'full') return new MillraceError('STORE_FULL', message, { advice: FULL_ADVICE, details });
  if (kind === 'away') return unreachable(message, details);
  return new MillraceError('STORAGE_FAILED', message, { details });
};

/** Nobody who could answer did. */
export const unreachable = (message: string, details: Readonly<Record<string, unknown>> = {}): MillraceError =>
  new MillraceError('CLUSTER_UNREACHABLE', message, {
    advice:
      'Look whether a majority of the NATS servers runs, and reaches each other and this machine; nothing that was acknowledged is lost.',
    details,
  });

/** What `node:tls` says where a server cannot be believed. */
const TLS_CODES = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS|ERR_SSL|HOSTNAME_)/;

const BY_NAME: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  AuthorizationError: ['BAD_CREDENTIALS', 'Check the option auth against the users of the servers.'],
  UserAuthenticationExpiredError: ['BAD_CREDENTIALS', 'Renew the credentials.'],
  PermissionViolationError: [
    'NOT_AUTHORIZED',
    'Allow the user to publish to mr.>, $O.>, $KV.> and $JS.>, and to subscribe to _INBOX.> and mr.x.>, in an account of its own.',
  ],
  InvalidArgumentError: ['INVALID_OPTIONS', 'Check the options of the cluster.'],
};

/**
 * What the client of NATS threw, as an error of ours. Whatever is not known to be of another kind is CLUSTER_UNREACHABLE: what was asked
 * may have been done or not. @param what what could not be done
 */
export const natsError = (error: unknown, what: string): MillraceError => {
  if (error instanceof MillraceError) return error;
  const said = causesOf(error).find(isApiError);
  if (said !== undefined) return apiError({ code: said.status, err_code: said.code, description: said.message }, what);
  const known = causesOf(error).find(({ name }) => name in BY_NAME);
  const message = `${what}: ${known?.message ?? textOf(error)}`;
  const found = (known && BY_NAME[known.name]) ?? tlsOf(error);
  return found === undefined ? unreachable(message) : new MillraceError(found[0], message, { advice: found[1] });
};

/** As the packages of NATS throw an answer of JetStream that is an error. */
const isApiError = (error: Error): error is Error & { readonly code: number; readonly status: number } =>
  'code' in error && typeof error.code === 'number' && 'status' in error && typeof error.status === 'number';

const tlsOf = (error: unknown): readonly [ErrorCode, string] | undefined =>
  causesOf(error).some((cause) => 'code' in cause && TLS_CODES.test(String(cause.code)))
    ? ['TLS_REFUSED', 'Check the option tls, and the certificates of the servers.']
    : undefined;

/** The client wraps its errors, and an error may have itself as its cause. */
const causesOf = (error: unknown): readonly Error[] => {
  const causes: Error[] = [];
  for (let next = error; next instanceof Error && !causes.includes(next); next = next.cause) causes.push(next);
  return causes;
};

const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
};
