import type { MillraceError } from '../../errors/index.js';

/** Why a PUBLISH is no message for anybody, although its end, its QoS and its packet id are beyond doubt (R22). */
export interface Rejection {
  /** MALFORMED_PACKET or PROTOCOL_ERROR. */
  readonly error: MillraceError;
  /** The whole packet as it came, in memory of its own. */
  readonly raw: Uint8Array;
  /** What a negative PUBACK or PUBREC says of it (5.0): 0x80, 0x83 or 0x90. */
  readonly reasonCode: number;
  /** Its properties could not be read: it may have set any topic alias. */
  readonly aliasUnknown: boolean;
}
