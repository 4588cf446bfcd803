import type { ErrorCode } from '../../../errors/error-code.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import { isSecure } from '../options/servers/resolve-servers.js';
import { formatAddress } from './format-address.js';

/** What a failure of Node's net, tls or dns, or of ws, means. */
interface Meaning {
  readonly code: ErrorCode;
  readonly advice: string | undefined;
}

const CERTIFICATE_ADVICE =
  'Give the authority of the server certificate as `ca`, and connect by a name that the certificate holds (or set `servername`).';

const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
]);

/** OpenSSL's ways to say that the peer's bytes are no TLS record. */
const NOT_TLS_CODES = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNEXPECTED_MESSAGE',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_BAD_RECORD_TYPE',
  'ERR_SSL_RECORD_TOO_SMALL',
]);

/** Names of ws. */
const TOO_LARGE_FRAME = new Set(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH']);

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check that the broker runs and listens on this host and port.',
  ENOTFOUND: 'Check the host name.',
  EAI_AGAIN: 'The name server did not answer: check DNS.',
  EHOSTUNREACH: 'Check the network route to the broker.',
  ENETUNREACH: 'Check the network route to the broker.',
};

/** A broker for plain MQTT closes on a TLS handshake, which is no CONNECT. */
const MAYBE_NO_TLS =
  'It closed amid the TLS handshake: the port may be one for plain MQTT. Then use its TLS port, or mqtt:// or ws://.';

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}

/** A record that does not check out was changed on its way: a fault of the network, not of what TLS demands. */
const CORRUPTED = 'BAD_RECORD_MAC';

function meaningOf(code: string): Meaning | undefined {
  if (code.includes(CORRUPTED)) return undefined;
  if (CERTIFICATE_CODES.has(code) || code.startsWith('CERT_') || code.startsWith('CRL_')) {
    return { code: 'TLS_REFUSED', advice: CERTIFICATE_ADVICE };
  }
  if (NOT_TLS_CODES.has(code)) {
    return {
      code: 'WRONG_PROTOCOL',
      advice: 'The port does not speak TLS: use its TLS port, or mqtt:// or ws:// if plain text is meant.',
    };
  }
  if (code.includes('ALERT')) {
    return {
      code: 'TLS_REFUSED',
      advice: 'The server refused our side of TLS: check `cert` and `key`, `ALPNProtocols` and `minVersion`.',
    };
  }
  // what ws cannot take is what the peer has sent, not an end of its doing (R20a)
  if (code.startsWith('WS_ERR_')) {
    return { code: TOO_LARGE_FRAME.has(code) ? 'PACKET_TOO_LARGE' : 'PROTOCOL_ERROR', advice: undefined };
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_')) {
    return { code: 'TLS_REFUSED', advice: undefined };
  }
  return undefined;
}

/** What speaks of this machine's way to an address only, while another address of the name may have been reached. */
const NO_ROUTE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Of the errors of several addresses the first that comes from further away than this machine. */
function tellingCause(error: unknown): unknown {
  if (!(error instanceof AggregateError) || error.errors.length === 0) return error;
  return error.errors.find((one) => !NO_ROUTE.has(codeOf(one))) ?? error.errors[0];
}

/** A connect timeout, with what the addresses said that had their turn. */
export function withAddresses(reason: unknown, errors: readonly unknown[]): unknown {
  if (!(reason instanceof MillraceError) || reason.code !== 'TIMEOUT' || errors.length === 0) return reason;
  return new MillraceError('TIMEOUT', `${reason.message}: ${addressesText(errors)}`, { details: reason.details });
}

/** What each address of a name said, in the order in which they were tried. */
function addressesText(errors: readonly unknown[]): string {
  return errors.map(addressText).join(', ');
}

function addressText(error: unknown): string {
  if (!(error instanceof Error) || !('address' in error)) return textOf(error);
  return `${error.address} ${codeOf(error)}`;
}

function connectText(error: unknown): string {
  const cause = tellingCause(error);
  const several = error instanceof AggregateError && error.errors.length > 1;
  return several ? `connect ${codeOf(cause)}: ${addressesText(error.errors)}` : textOf(cause);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a transport could not be opened: CONNECT_FAILED, TLS_REFUSED or WRONG_PROTOCOL. */
export function connectError(error: unknown, address: ServerAddress): MillraceError {
  if (error instanceof MillraceError) return error;
  const cause = tellingCause(error);
  const code = codeOf(cause) || codeOf(error);
  const closedOnTls = code === 'ECONNRESET' && isSecure(address);
  const meaning = meaningOf(code) ?? { code: 'CONNECT_FAILED', advice: closedOnTls ? MAYBE_NO_TLS : ADVICE[code] };
  return new MillraceError(meaning.code, `cannot connect to ${formatAddress(address)}: ${connectText(error)}`, {
    cause: error,
    details: { server: formatAddress(address), ...(code === '' ? {} : { systemCode: code }) },
    ...(meaning.advice === undefined ? {} : { advice: meaning.advice }),
  });
}

/**
 * Why an open transport broke: CONNECTION_LOST; TLS_REFUSED when the server rejected our certificate after the handshake (TLS 1.3);
 * PROTOCOL_ERROR or PACKET_TOO_LARGE when it sent frames that no WebSocket has, or too large ones.
 */
export function lostError(error: unknown, address: ServerAddress): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = codeOf(error);
  const meaning = meaningOf(code) ?? { code: 'CONNECTION_LOST', advice: undefined };
  return new MillraceError(meaning.code, `connection to ${formatAddress(address)} broke: ${textOf(error)}`, {
    cause: error,
    details: { server: formatAddress(address), ...(code === '' ? {} : { systemCode: code }) },
    ...(meaning.advice === undefined ? {} : { advice: meaning.advice }),
  });
}

/** The peer closed the connection in order. */
export function closedByPeerError(address: ServerAddress): MillraceError {
  return new MillraceError('CONNECTION_LOST', `${formatAddress(address)} closed the connection`, {
    details: { server: formatAddress(address) },
  });
}

/** The WebSocket handshake or framing was refused, by either side [MQTT-6.0.0-1 to MQTT-6.0.0-4]. */
export function webSocketError(problem: string, address: ServerAddress, status?: number): MillraceError {
  // 5xx is what a proxy says while its broker restarts
  const retryable = status === undefined || status >= 500 || status === 429;
  return new MillraceError('WEBSOCKET_REFUSED', `${formatAddress(address)}: ${problem}`, {
    retryable,
    advice: 'Check the path of the WebSocket URL, its headers and the subprotocol.',
    details: { server: formatAddress(address), ...(status === undefined ? {} : { status }) },
  });
}
