import { MillraceError } from '../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';

const ADVICE =
  'If it comes again, the MQTT 5.0 of the broker is at fault: with protocolVersion 4 it is spoken to as 3.1.1.';

/** What a broker has wrong of 5.0 it often has right of 3.1.1. Errors with an advice of their own, or of another kind, stay as they are. */
export function adviseOlder(error: MillraceError, version: ProtocolVersion): MillraceError {
  const isPackets = error.code === 'PROTOCOL_ERROR' || error.code === 'MALFORMED_PACKET';
  if (!isPackets || version !== 5 || error.advice !== undefined) return error;
  const { code, message, cause, details, reasonCode, retryable } = error;
  return new MillraceError(code, message, {
    cause,
    details,
    retryable,
    advice: ADVICE,
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
}
