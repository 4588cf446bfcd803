import type { ErrorCode } from '../../../errors/error-code.js';
import type { MillraceError } from '../../../errors/millrace-error.js';

const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_REFUSED_BY_BROKER',
  'UNSUPPORTED_PROTOCOL_VERSION',
  'BAD_CREDENTIALS',
  'NOT_AUTHORIZED',
  'CLIENT_ID_REJECTED',
]);

/** The server answered CONNECT with a refusal, so that it has made no session [MQTT-3.2.2-6]. */
export const isConnectRefusal = ({ code }: MillraceError): boolean => REFUSALS.has(code);
