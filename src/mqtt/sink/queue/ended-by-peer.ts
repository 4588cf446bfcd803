import type { MillraceError } from '../../../errors/millrace-error.js';

/**
 * Codes of a DISCONNECT that can speak of a PUBLISH (5: 3.14.2.1): malformed, protocol error, implementation specific, not authorized,
 * topic name invalid, packet too large, quota exceeded, payload format invalid, retain or QoS not supported.
 */
const OF_A_PUBLISH: ReadonlySet<number> = new Set([0x81, 0x82, 0x83, 0x87, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b]);

/** Whether an end of a connection is the peer's word about what it was sent (R20a): never what our own decoder or clock raised. */
export const endedByPeer = ({ code, reasonCode }: MillraceError): boolean => {
  if (code === 'DISCONNECTED_BY_BROKER') return reasonCode !== undefined && OF_A_PUBLISH.has(reasonCode);
  return code === 'CONNECTION_LOST';
};
